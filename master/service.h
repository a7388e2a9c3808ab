/* service.h: one entry of master.cf at work: its sockets, its workers, and when to start one. */
#ifndef MASTER_SERVICE_H
#define MASTER_SERVICE_H
#include <event2/event.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "master/listener.h"
#include "master/programs.h"
#include "master/supervisor.h"
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

/* The arguments of supervisor.c's plan: a service with what the entry asks for; the sockets are handed over (taken). */
struct service *service_new(struct supervisor *supervisor, const struct master_cf_entry *entry);
bool service_is_for(const struct service *service, const struct master_cf_entry *entry);
/* Puts the service on the (new) entry and these sockets, and begins or goes on to serve. */
void service_run(struct service *service, const struct master_cf_entry *entry, struct listener_list *take_listeners);
/* Not wanted any more: closes its sockets; it goes away with its last worker (service_is_over). */
void service_end(struct service *service);
bool service_is_over(const struct service *service);
void service_free(struct service *service);

/* A worker ended. False: it was none of this service. */
bool service_worker_ended(struct service *service, pid_t pid, int status);
/* Sends the signal to all its workers; the number of them. */
int service_signal(const struct service *service, int signal_number);
/* Knocks at its first socket, as if somebody had work for it. */
void service_wake(struct service *service);
#endif
