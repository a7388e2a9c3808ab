/* delivery.h: one order for one agent: recipients of a message that share transport and destination, or a notice
 * for the sender. */
#ifndef QMGR_ACTIVE_DELIVERY_H
#define QMGR_ACTIVE_DELIVERY_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "qmgr/active/message.h"
#include "qmgr/client/agent_messages.h"
#include "qmgr/schedule/schedule.h"

/* Lives in its message's arena. */
struct delivery {
    struct schedule_entry entry;
    struct message *message;
    const char *kind;         /* agent.def: deliver, verify, bounce, delay, success, trace, errors */
    const char *next_hop;
    const char *affinity;
    const char *sender;       /* as the agent is told: the message's, or with VERP the recipient's own */
    uint32_t *indexes;        /* of recipients */
    const char **addresses;   /* as routed; the same order */
    bool *reported;
    size_t count;
    size_t part_count;        /* that the agent reported */
    size_t part_bytes;        /* ... and what they take */
    bool repeated;            /* the agent that first had it was gone already */
    bool failed;              /* notices: some verdict was bad */
    bool withdrawn;           /* the message was taken away before an agent got this; who it is for stays as before */
    size_t errors_count;      /* notices for the postmaster that the agent asked for */
    const char *notify_whom;  /* notices: instead of the sender; NULL: nobody */
    const struct agent_notice *errors; /* of the kind "errors": what it is about */
    struct delivery *behind;  /* the next one that the same agent has already; NULL: none */
};

/* Whether it is for the bounce service: about recipients, not to them. */
bool delivery_is_notice(const struct delivery *delivery);

/* Sends order, recipients and go. False: the file can't be opened (errno). */
bool delivery_send_order(const struct delivery *delivery, struct ipc_channel *channel);

/* Takes a verdict; false: it makes no sense (no such recipient, given twice, no such code). */
bool delivery_take_verdict(struct delivery *delivery, const struct agent_verdict *verdict);

/* Somebody whom the recipient with that index led to; what became of him is left to the caller. May move the targets. */
struct target *delivery_add_part(struct message *message, size_t parent, const char *address);
/* Takes what became of somebody whom a recipient led to. False as above. */
bool delivery_take_part(struct delivery *delivery, const struct agent_part *part);

/* Defers every recipient that has no verdict yet, with a log line each (as the error service would log them). */
void delivery_defer_rest(struct delivery *delivery, const char *status, const char *why);
/* The same for one recipient of a message. */
void delivery_defer_target(struct message *message, size_t index, const char *status, const char *why);

/* The same without a log line and without a reason: it failed, but the sender couldn't be told. */
void delivery_defer_unreported(struct message *message, size_t index);

/* Whether the agent said nothing at all yet. */
bool delivery_is_unanswered(const struct delivery *delivery);
/* Defers all recipients without a log line and without a reason, as Postfix does when a program dies at its start. */
void delivery_defer_silently(struct delivery *delivery);
#endif
