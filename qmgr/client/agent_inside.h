/* agent_inside.h: what the files of agent.h share. */
#ifndef QMGR_CLIENT_AGENT_INSIDE_H
#define QMGR_CLIENT_AGENT_INSIDE_H
#include "qmgr/client/agent.h"
#include "util/ipc/ipc.h"

enum { AGENT_TIMEOUT_S = 60 }; /* for the rest of an order that has begun, and for taking a verdict */

/* An order that was received; its first member is the order. */
struct agent_held {
    struct order order;
    size_t unreported;  /* of its targets */
    bool finished;      /* kept until the next one is received */
    struct agent_held *next;
};

struct agent {
    bool (*has_changed)(void *context); /* NULL: nothing is watched */
    void *watch_context;
    struct ipc_channel *channel;
    struct agent_held *held;  /* the oldest first */
    struct agent_held *spare; /* with an empty arena; NULL: none */
    bool finishes_at_once;
    unsigned riders;
    bool has_next;      /* a message is there and not yet decoded */
    unsigned next_type;
};

/* The result as it is told: through the status filter, and softened by soft_bounce. Logs it. */
struct agent_result agent_settle(struct order *order, const struct recipient *recipient, const struct agent_result *original);
/* The target's verdict was put: what is done must be known at once, even if this process ends in the middle of the order. A failure
 * shows in agent_finish. */
void agent_tell(struct agent *agent, struct order *order, struct agent_target *target);
#endif
