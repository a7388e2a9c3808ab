/* worker.h: the one skeleton of every daemon that master starts: options, configuration, logging, sockets, privileges,
 * life time. A program's main reads: start; open what needs privilege; confine; serve; stop. */
#ifndef MASTER_WORKER_WORKER_H
#define MASTER_WORKER_WORKER_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "util/config/config.h"
#include "util/config/master_cf.h"

struct worker;
struct event_base; /* libevent */

/* What a role may do once confined: rows of the table in master/worker/roles.c (users, filters, paths). */
enum confinement {
    CONFINE_NETWORK,    /* smtpd, smtp, lmtp, bounce: network_owner; peers, private/ sockets, tables that are open */
    CONFINE_QUEUE,      /* qmgr, pickup, showq, flush: mail_owner, queue folders */
    CONFINE_TABLES,     /* proxymap, verify, anvil, tlsmgr: mail_owner, data_directory */
    CONFINE_DELIVERY,   /* local, virtual, pipe: keeps root to become the recipient per delivery */
    CONFINE_NOTHING_MORE, /* error, discard, ...: network_owner and nothing but the connections it has */
    CONFINE_LOG,        /* postlogd */
};

/* Reads argv (written by master, master/worker/worker.c), connects the log, loads the configuration with the -o overrides
 * of the master.cf entry. Ends the process with one line when that fails. program: "smtpd". */
struct worker *worker_start(int argc, char **argv, const char *program);
const struct config *worker_config(const struct worker *worker);
const char *worker_service(const struct worker *worker); /* the name in master.cf: "smtp", "127.0.0.1:10025" */
int worker_argc(const struct worker *worker);            /* program's own arguments (pipe's flags= user= argv=...) */
char **worker_argv(const struct worker *worker);
/* Whether the process runs without root from the start (one uid, no chroot): ordinary user's instance. */
bool worker_is_unprivileged(const struct worker *worker);

/* master.cf as it is in force, whatever the file says by now. Lives as long as the worker. Call before confinement. */
const struct master_cf *worker_master_cf(struct worker *worker);
/* The configuration as another service of master.cf would see it (its -o overrides): "cleanup", "rewrite", "bounce".
 * The same as worker_config when there is no such entry. Kept for the process's life. Call before confinement. */
const struct config *worker_config_of(struct worker *worker, const char *service, const char *program);

/* Drops privileges: chroot where master.cf says so, user, groups, no-new-privileges, system-call and path filters. */
void worker_confine(struct worker *worker, enum confinement confinement);
/* Before worker_confine: this file or folder must stay readable (or writable) for the path filter. */
void worker_allow_path(struct worker *worker, const char *path, bool writable);

struct client {
    int fd;
    struct sockaddr_storage peer; /* AF_UNIX for local sockets */
    socklen_t peer_length;
    struct sockaddr_storage local; /* where it connected to, if a front process (postscreen) told it */
    socklen_t local_length;        /* 0: getsockname(2) knows */
};

/* One at a time: waits for the next connection, tells master busy and idle. NULL when it is time to go: max_use reached,
 * max_idle passed, master stopped or a reload asked for it. SIGTERM only sets a flag that this looks at. */
struct client *worker_accept(struct worker *worker);
/* Waits until the client's socket is readable. False: time is up, or others wait to be accepted and this one has nothing to say. */
bool worker_wait_for_client(struct worker *worker, int fd, int timeout_ms);
void client_close(struct client *client); /* closes fd if it is not -1 (a stream may have taken it) */

/* With the first client: what stops this worker will stop the next one, too. Master waits before it starts another, as if this one
 * had not got so far. */
void worker_has_not_started(struct worker *worker);

/* Many at once: the event loop with the listeners; on_connect gets each new connection (takes fd), listener_index counts
 * this service's sockets from 0 (then extra ones of the role, such as private/intake). Returns when it is time to go. */
struct event_base *worker_events(struct worker *worker);
typedef void worker_on_connect(void *context, int fd, int listener_index);
void worker_serve_many(struct worker *worker, worker_on_connect *on_connect, void *context);
/* For single-instance services: called after a reload signal; the default is to end and be started anew. */
void worker_on_reload(struct worker *worker, void (*reload)(void *context), void *context);
/* After worker_serve_many returned for a reload: the process stays to serve those it has, as
 * long as has_clients says so or until it is told to stop; its successor may start now. */
void worker_leave(struct worker *worker, bool (*has_clients)(void *context), void *context);

/* Random bytes (TLS_SECRET_BYTES of util/net/tls_context.h) that all processes of this service have in common. */
const unsigned char *worker_secret(const struct worker *worker);

/* For tls_settings.keep (util/net/tls_context.h). Gone with worker_confine. */
int worker_tls_keep(const struct worker *worker);

/* A path below queue_directory ("private/intake"), right for chrooted processes too; one that is absolute stays as it is. Lives as
 * long as the worker. */
const char *worker_socket_path(struct worker *worker, const char *path);

/* Releases everything; the exit status for main. */
int worker_stop(struct worker *worker);
#endif
