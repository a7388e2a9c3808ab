/* route.h: who gets a recipient: address class, transport, next hop, recipient address (trivial-rewrite(8), transport(5),
 * ADDRESS_CLASS_README). A pure decision: facts and look-ups in, a route with its reasons out. smtpd asks it when a recipient is
 * named, qmgr when a message becomes active, "posthaste route" when somebody wants to know. */
#ifndef QMGR_ROUTE_ROUTE_H
#define QMGR_ROUTE_ROUTE_H
#include <stdbool.h>

#include "qmgr/route/route_class.h"
#include "util/base/arena.h"
#include "util/config/config.h"

struct route {
    enum route_class class;
    const char *transport; /* "smtp", "local", "error" ... */
    const char *next_hop;  /* what stands behind the colon, or the recipient's domain */
    const char *recipient; /* internal form, rewritten: source routes, %, ! resolved */
    bool is_error;         /* transport is error: next_hop holds the text */
    const char *reason;    /* which parameter and table entry decided, for "posthaste route" and debug logs */
};

struct router;

/* config: as the rewrite service of master.cf sees it. Opens all tables that routing asks. */
struct router *router_open(const struct config *config);
void router_close(struct router *router);
bool router_may_wait(const struct router *router);
bool router_has_changed(struct router *router);

/* Texts live in the arena. sender "" is the null sender (sender_dependent_* look up "<>" as null_sender keys say). */
enum route_result router_resolve(struct router *router, const char *sender, const char *recipient, struct arena *arena,
    struct route *route);

/* Whether the domain is one of the machine's own names or addresses (mydestination, inet_interfaces, proxy_interfaces). */
bool router_is_local(struct router *router, const char *domain);
#endif
