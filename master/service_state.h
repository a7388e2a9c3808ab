/* service_state.h: one entry of master.cf at work: its sockets and its workers. */
#ifndef MASTER_SERVICE_STATE_H
#define MASTER_SERVICE_STATE_H
#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "master/listener.h"
#include "master/programs.h"
#include "master/supervisor_state.h"
#include "master/worker/board.h"

/* master/service.c has the table of what happens in which state. */
enum service_state {
    SERVICE_UNSERVED,  /* nobody is idle: master watches the sockets */
    SERVICE_SERVED,    /* somebody is idle, or no more workers are allowed: master doesn't watch */
    SERVICE_THROTTLED, /* a worker couldn't start: wait */
    SERVICE_INSIDE,    /* no process: master hangs up on callers */
    SERVICE_GONE,      /* not in master.cf any more: the last workers finish */
    SERVICE_STATES,
};

struct service {
    struct supervisor *supervisor;
    char *name;
    const struct master_cf_entry *entry; /* of supervisor->master_cf */
    enum master_cf_type type;
    const char *directory; /* where its program is */
    enum program_kind kind;
    enum service_state state;
    struct listener_list listeners;
    struct event **watches; /* one per listener */
    size_t watch_count;
    int board_fd;
    struct board *board;
    int notify[2]; /* a byte from a worker: all are busy */
    struct event *notified;
    pid_t *slots; /* 0: free */
    int worker_count;
    int limit;
    struct event *throttle; /* its end */
    struct event *wakeup;
    bool was_used;
    bool wakes_again; /* a reload: its workers end now, and there is work that nobody knocks for */
    struct timespec last_all_busy;
    time_t stress_until;
};
#endif
