/* route_asker.h: questions to trivial-rewrite (qmgr/route/route.def) about recipients whose route depends on tables that may
 * wait, so that the queue manager itself never does. Some processes answer at the same time; one domain gets at most a quarter of
 * them, so that a server that is slow for it holds up nobody else. */
#ifndef QMGR_ACTIVE_ROUTE_ASKER_H
#define QMGR_ACTIVE_ROUTE_ASKER_H
#include "qmgr/active/message.h"
#include "qmgr/route/route.h"

struct route_asker;

struct route_asker_handlers {
    /* The answer to a question. Texts live in the message's arena. The message may be gone afterwards. */
    void (*routed)(struct message *message, size_t index, enum route_result result, const struct route *route);
    /* The message has waited for a while: what is known of it may go ahead. */
    void (*release)(struct message *message);
};

/* Lives as long as the process. */
struct route_asker *route_asker_new(struct manager *manager, const struct route_asker_handlers *handlers);

/* The answer never comes before this returns: ROUTE_DEFER when nobody gave one within ROUTE_ASKER_S. */
void route_asker_ask(struct route_asker *asker, struct message *message, size_t index, bool probe);

enum { ROUTE_ASKER_S = 100 };
#endif
