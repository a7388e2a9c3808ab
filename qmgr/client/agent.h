/* agent.h: a delivery agent's side of its work: orders in, verdicts out, and the delivery log line. */
#ifndef QMGR_CLIENT_AGENT_H
#define QMGR_CLIENT_AGENT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/client/envelope.h"
#include "qmgr/client/message_file.h"
#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/table/maps.h"
#include "util/mail/verdict.h"

/* One recipient of an order and what became of it. */
struct agent_target {
    struct recipient recipient;
    bool reported;
    struct agent_parts *parts; /* what agent_report_part knows so far */
    /* Orders to the bounce service bring the verdict: */
    const char *why;
    const char *status;
    const char *action;
    const char *diagnostic_type;
    const char *diagnostic;
    const char *remote_mta;
};

enum { AGENT_NOTICE_BYTES = 65536 }; /* of a transcript for the postmaster */

/* What the postmaster is told of a session (agent_notice): plain text of unknown origin. */
struct agent_errors {
    const char *program;
    const char *peer;
    const char *opening;
    const char *transcript; /* lines, each ended by LF */
};

/* One order. Everything in it lives until it was finished and the next one is received. */
struct order {
    struct arena *arena;   /* for whatever the agent wants to keep as long as the order */
    const char *kind;      /* deliver, verify; bounce, delay, success, trace, errors */
    const char *notify_whom; /* orders to the bounce service: instead of the sender; "" if nobody is */
    struct agent_errors errors; /* orders to the bounce service of kind "errors" */
    const char *queue_id;
    const char *next_hop;
    const char *affinity;
    bool has_many;         /* the destination: a connection is worth keeping */
    struct envelope envelope; /* sender, envid, ret, flags, attributes; no recipients: they are targets */
    int64_t active_us;
    int64_t received_us;   /* when the order reached the agent; with connected_us it makes "delays=a/b/c/d" */
    int64_t connected_us;  /* the agent sets it when the connection stands (0: no connection set-up) */
    struct agent_target *targets;
    size_t target_count;
    int content;           /* descriptor; owned by the order */
    struct message_file file; /* its header, read and checked; zero for "verify" */
};

/* What to say about a recipient; code decides: 2xx sent, 4xx deferred, 5xx bounced. */
struct agent_result {
    int code;
    const char *status;          /* "2.0.0" */
    const char *why;             /* "250 2.0.0 Ok: queued as 123", "delivered to maildir" */
    const char *relay;           /* for the log: "mx.example[192.0.2.1]:25", "local", "none" */
    int connection_use;          /* for the log: messages that went over this connection, this one included; 0: none */
    const char *action;          /* of a success: "delivered" (the same as NULL), "relayed", "expanded" */
    const char *diagnostic_type; /* NULL: none */
    const char *diagnostic;
    const char *remote_mta;      /* NULL: none; "dns; mx.example" */
    bool notified_elsewhere;
    const char *owner;           /* of a list, who is told of a failure instead of the sender; NULL: none */
};

struct agent;

/* A connection of the queue manager, as worker_accept returned it; takes the socket. */
struct agent *agent_open(int socket);
void agent_close(struct agent *agent);
/* Says that agent_finish follows the last verdict of an order at once, so that both can go out together. */
void agent_finishes_at_once(struct agent *agent);

/* While it waits, has_changed is asked about once a second (do tables that are open lie otherwise on disk now?); if so,
 * agent_receive returns NULL, and the process should end and be started anew. */
void agent_watch(struct agent *agent, bool (*has_changed)(void *context), void *context);
/* Waits at most idle_s seconds for the next order. NULL: the connection ended, was bad, or idle too long (close
 * it). */
struct order *agent_receive(struct agent *agent, int64_t idle_s);
/* Whether a further order has come already, so that agent_receive needn't wait for it. */
bool agent_has_next(struct agent *agent);
/* Says with the next agent_finish that up to so many orders may come along with the next one for the same destination: the agent
 * will do them all at once. Orders must be finished in the order in which they were received. */
void agent_takes_riders(struct agent *agent, unsigned count);
/* Waits for input on the agent's connection or on other_fd (a kept SMTP connection), for callers that watch both:
 * 1 an order comes, 2 other_fd is readable, 0 time is up. */
int agent_wait(struct agent *agent, int other_fd, int64_t idle_s);

/* Logs one line in Postfix's form (to=<>, orig_to=<>, relay=, delay=, delays=a/b/c/d, dsn=,
 * status=sent|deferred|bounced (why)) and sends the verdict. Once per target. With soft_bounce a 5xx becomes 4xx
 * here. */
void agent_report(struct agent *agent, struct order *order, struct agent_target *target,
    const struct agent_result *result);
/* The same without a log line: the bounce service has done (2xx) or not done what the target was about. */
void agent_confirm(struct agent *agent, struct order *order, struct agent_target *target, const struct verdict *verdict);
/* agent_report for every target that was not reported yet. */
void agent_report_rest(struct agent *agent, struct order *order, const struct agent_result *result);

/* The target is an alias or the like: what became of somebody whom it led to (address and notify of *part count, and original
 * for the log). Logs a line; the target's own verdict follows from all parts: agent_expanded. Returns the code that counts
 * (filter, soft_bounce). */
int agent_report_part(struct agent *agent, struct order *order, struct agent_target *target, const struct recipient *part,
    const struct agent_result *result);
/* The same without a log line. */
void agent_note_part(struct agent *agent, struct order *order, struct agent_target *target, const struct recipient *part,
    const struct agent_result *result);
/* All parts were reported. action: "expanded", or "delivered" where the mail now belongs to a list's owner. */
void agent_expanded(struct agent *agent, struct order *order, struct agent_target *target, const char *relay, const char *action);

/* Asks the queue manager to tell the postmaster (error_notice_recipient) of what went wrong during this order. It takes a few of
 * them for each order and drops the rest. */
void agent_notify(struct agent *agent, const struct agent_errors *errors);

/* A verdict that another agent gave and logged (agent_pass.h). */
struct agent_verdict;
struct agent_part;
struct agent_notice;
void agent_pass_notice(struct agent *agent, const struct agent_notice *notice);
void agent_pass_part(struct agent *agent, struct order *order, struct agent_target *target, const struct agent_part *part);
void agent_pass_on(struct agent *agent, struct order *order, struct agent_target *target, const struct agent_verdict *verdict);

/* Whether every target was reported. */
bool agent_is_reported(const struct order *order);
/* Sends what was reported so far. False: the queue manager is gone. */
bool agent_flush(struct agent *agent);
/* The order is done; that is sent at once, unless other orders were received and not yet finished. kept_affinity: "" or the
 * order's, when the agent keeps its connection for it. unreachable: NULL or why the next hop couldn't be reached at all.
 * False: the queue manager is gone. */
bool agent_finish(struct agent *agent, struct order *order, const char *kept_affinity,
    const struct agent_result *unreachable);

/* The process's soft_bounce, delay_logging_resolution_limit and info_log_address_format. Call it once at start. */
void agent_use_config(const struct config *config);
/* The program's delivery_status_filter; borrowed. It may change status and text of what is reported from now on. */
void agent_use_status_filter(struct maps *filter);
#endif
