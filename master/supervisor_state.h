/* supervisor_state.h: what master knows: the configuration in force, the services, and what all workers share. */
#ifndef MASTER_SUPERVISOR_STATE_H
#define MASTER_SUPERVISOR_STATE_H
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/config/config.h"
#include "util/config/master_cf.h"

struct service;

struct supervisor {
    struct event_base *base;
    struct config *config;
    struct master_cf *master_cf;
    int master_cf_fd; /* its text, for workers */
    struct service **services;
    size_t service_count;
    int life[2];      /* workers of this generation hold [0]; closing [1] tells them to finish */
    int connector[2]; /* workers ask at [1]; the connector reads [0] */
    int tls_keep;     /* util/net/tls_keep.h: memory of workers that still have their rights */
    int calls;        /* sandbox_prepare_calls */
    int null_fd;
    bool is_unprivileged;
    bool is_stopping;
    bool keeps_output; /* in the foreground: postlogd may write to our standard output */
    int verbosity;
    bool with_debugger;
};
#endif
