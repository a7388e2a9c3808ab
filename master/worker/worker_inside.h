/* worker_inside.h: struct worker, for the files of this room. */
#ifndef MASTER_WORKER_WORKER_INSIDE_H
#define MASTER_WORKER_WORKER_INSIDE_H
#include <signal.h>
#include <stdbool.h>

#include "master/worker/board.h"
#include "master/worker/worker.h"
#include "util/base/arena.h"
#include "util/config/master_cf.h"
#include "util/sys/listener_wait.h"

enum { WORKER_LISTENERS_MAX = 64, WORKER_PATHS_MAX = 64 };

struct worker_path {
    const char *path;
    bool writable;
};

/* Configurations of other services, by worker_config_of. */
struct worker_other {
    struct worker_other *next;
    const char *service;
    const struct config *config;
};

struct worker {
    struct arena *arena;     /* the process's life */
    const char *program;     /* as it was called: "lmtp" is a link to smtp */
    const char *service;     /* its name in master.cf */
    const char *type;        /* inet unix unix-dgram fifo pass */
    bool chroot;
    bool is_unprivileged;
    bool is_confined;
    int debug_level;
    bool with_debugger;
    struct config_override *overrides;
    size_t override_count;
    struct config *config;
    char *master_cf_text;
    struct master_cf *master_cf; /* NULL until somebody asks */
    struct worker_other *others;
    int argc;
    char **argv;
    char *directory;         /* queue_directory, in front of socket paths; "" after chroot and chdir */

    int listener_count;
    struct board *board;
    unsigned generation;     /* of the board, when this worker started */
    int slot;
    bool is_busy;
    struct listener_wait *wait;
    sigset_t wait_mask;      /* what is blocked while waiting: all but SIGTERM and SIGHUP */
    int64_t served;
    struct client client;

    struct event_base *events;
    void (*reload)(void *context);
    void *reload_context;

    struct worker_path paths[WORKER_PATHS_MAX];
    size_t path_count;
};

/* Set by SIGTERM, the one static of worker.c. */
bool worker_is_told_to_stop(void);
int worker_listener(const struct worker *worker, int index);
bool worker_is_datagram(const struct worker *worker);
#endif
