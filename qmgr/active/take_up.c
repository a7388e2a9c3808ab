#include "qmgr/active/take_up.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "qmgr/active/agent_pool.h"
#include "qmgr/active/delivery.h"
#include "qmgr/active/outcome.h"
#include "qmgr/active/probe.h"
#include "qmgr/active/route_asker.h"
#include "qmgr/client/delivery_log.h"
#include "qmgr/file/retry.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/verp.h"

/* Where a recipient goes; sorting brings those together that can share a delivery. */
struct routed {
    uint32_t index;
    const char *transport;
    const char *next_hop;
    const char *address;
    bool is_put_off; /* defer_transports */
};

static const char *domain_of(const char *address)
{
    const char *domain = address_domain(address);

    return domain == NULL ? "" : domain;
}

/* Names of hosts are the same in capitals; paths of sockets aren't. */
static bool may_be_folded(const char *next_hop)
{
    return strchr(next_hop, '/') == NULL;
}

static int compare_next_hops(const char *left, const char *right)
{
    return may_be_folded(left) && may_be_folded(right) ? strcasecmp(left, right) : strcmp(left, right);
}

static int compare_routed(const void *left_, const void *right_)
{
    const struct routed *left = left_;
    const struct routed *right = right_;
    int order = left->is_put_off - right->is_put_off;

    if (order == 0 && !left->is_put_off) /* what isn't delivered now is told as one list */
        order = strcmp(left->transport, right->transport);
    if (order == 0 && !left->is_put_off)
        order = compare_next_hops(left->next_hop, right->next_hop);
    if (order == 0) /* what is cut into pieces is cut as with Postfix: recipients of one domain stay together */
        order = strcasecmp(domain_of(left->address), domain_of(right->address));
    if (order == 0)
        order = strcasecmp(left->address, right->address);
    return order != 0 ? order : left->index < right->index ? -1 : 1;
}

/* --- routing --- */

/* content_filter=transport:nexthop is for all recipients alike. */
static void apply_content_filter(struct message *message, const char *filter, const char *address, struct route *route)
{
    const struct config *config = message->manager->config;
    const char *colon = strchr(filter, ':');
    const char *next_hop = colon == NULL ? "" : colon + 1;
    const char *domain = address_domain(address);

    if (*next_hop == '\0')
        next_hop = config->default_filter_nexthop;
    if (*next_hop == '\0')
        next_hop = domain == NULL ? config->myhostname : domain;
    *route = (struct route){
        .transport = colon == NULL ? filter : arena_copy_bytes(message->arena, filter, (size_t)(colon - filter)),
        .next_hop = next_hop,
        .recipient = address,
    };
}

/* Bounces of double bounces end here. */
static bool is_double_bounce(const struct message *message, const struct route *route)
{
    const char *wanted = message->manager->config->double_bounce_sender;
    size_t length = address_local_length(route->recipient);

    return route->class == ROUTE_LOCAL && strlen(wanted) == length
        && strncasecmp(route->recipient, wanted, length) == 0;
}

static void discard_double_bounce(struct message *message, size_t index, const char *address)
{
    int64_t now_us = clock_wall_us();

    message->targets[index] = (struct target){ .state = TARGET_DONE };
    delivery_log(&(struct delivery_log){
        .queue_id = message->id,
        .to = address,
        .original = message->envelope.recipients[index].original,
        .relay = "none",
        .arrival_us = message->envelope.arrival_us,
        .active_us = message->active_us,
        .received_us = now_us,
        .now_us = now_us,
        .dsn = "2.0.0",
        .status = "sent",
        .why = "undeliverable postmaster notification discarded",
    });
}

enum { ROUTER_LOOK_MS = 1000 };

/* Tables that were rebuilt are opened anew; looked at once a second at the most. */
static void refresh_router(struct manager *manager)
{
    int64_t now_ms = clock_monotonic_ms();

    if (now_ms - manager->router_looked_ms < ROUTER_LOOK_MS)
        return;
    manager->router_looked_ms = now_ms;
    if (!router_has_changed(manager->router))
        return;
    router_close(manager->router);
    manager->router = router_open(manager->rewrite);
}

static struct router *router_of(const struct message *message)
{
    struct manager *manager = message->manager;

    refresh_router(manager);
    return manager->probe_router != NULL && probe_is_one(message) ? manager->probe_router : manager->router;
}

/* The recipient's transport is known. */
static void add_routed(struct message *message, size_t index, const struct route *route)
{
    log_debug("%s: <%s> goes by transport %s, next hop \"%s\", as <%s>", message->id, message->envelope.recipients[index].address,
        route->transport, route->next_hop, route->recipient);
    bool is_put_off = !message->ignore_defer_transports
        && text_list_has(message->manager->config->defer_transports, route->transport);
    message->routed[message->routed_count++] =
        (struct routed){ (uint32_t)index, route->transport, route->next_hop, route->recipient, is_put_off };
}

static void take_route(struct message *message, size_t index, enum route_result result, const struct route *route)
{
    if (result != ROUTE_FOUND)
        delivery_defer_target(message, index, "4.3.0", "address resolver failure");
    else if (is_double_bounce(message, route))
        discard_double_bounce(message, index, route->recipient);
    else
        add_routed(message, index, route);
}

static void route_recipient(struct message *message, size_t index)
{
    struct manager *manager = message->manager;
    const char *address = message->envelope.recipients[index].address;
    const char *filter = envelope_attribute(&message->envelope, ATTRIBUTE_CONTENT_FILTER);
    struct route route = {0};

    if (*filter != '\0') {
        apply_content_filter(message, filter, address, &route);
        add_routed(message, index, &route);
    } else if (manager->router_waits) {
        message->routes_asked++;
        route_asker_ask(manager->asker, message, index, probe_is_one(message));
    } else {
        enum route_result result =
            router_resolve(router_of(message), message->envelope.sender, address, message->arena, &route);
        take_route(message, index, result, &route);
    }
}

/* --- grouping --- */

static const char *fold_next_hop(struct message *message, const char *next_hop)
{
    if (!may_be_folded(next_hop) || next_hop[strcspn(next_hop, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0')
        return next_hop;
    char *folded = arena_copy_text(message->arena, next_hop);
    text_lower(folded);
    return folded;
}

/* With a recipient limit of 1 a destination is a recipient, otherwise a next hop. */
static const char *destination_of(struct message *message, const struct routed *routed, int64_t limit)
{
    struct str folded = {0};

    if (limit != 1)
        return fold_next_hop(message, routed->next_hop);
    address_fold(routed->address, true, &folded);
    const char *destination = arena_copy_text(message->arena, str_text(&folded));
    str_free(&folded);
    return destination;
}

/* What deliveries must have in common to share a connection. Credentials may depend on the sender. */
static const char *affinity_of(struct message *message, const struct routed *routed)
{
    const char *next_hop = fold_next_hop(message, routed->next_hop);

    if (message->manager->config->smtp_sender_dependent_authentication)
        return arena_printf(message->arena, "%s %s", next_hop, message->envelope.sender);
    return next_hop;
}

static const char *sender_of(struct message *message, const struct routed *routed)
{
    const struct recipient *recipient = &message->envelope.recipients[routed->index];
    struct str sender = {0};

    if (!message_has_verp(message))
        return message->envelope.sender;
    verp_sender(message->envelope.sender, *recipient->original == '\0' ? recipient->address : recipient->original,
        envelope_attribute(&message->envelope, ATTRIBUTE_VERP), &sender);
    const char *copy = arena_copy_text(message->arena, str_text(&sender));
    str_free(&sender);
    return copy;
}

static struct delivery *make_delivery(struct message *message, const struct routed *routed, size_t count)
{
    struct delivery *delivery = arena_allocate(message->arena, sizeof(*delivery));
    bool verify = (message->envelope.flags & ENVELOPE_VERIFY_ONLY) != 0;

    *delivery = (struct delivery){ .message = message, .kind = verify ? "verify" : "deliver", .count = count };
    delivery->entry.owner = delivery;
    delivery->next_hop = routed->next_hop;
    delivery->affinity = affinity_of(message, routed);
    delivery->sender = sender_of(message, routed);
    delivery->indexes = arena_allocate(message->arena, count * sizeof(delivery->indexes[0]));
    delivery->addresses = arena_allocate(message->arena, count * sizeof(delivery->addresses[0]));
    delivery->reported = arena_allocate(message->arena, count * sizeof(delivery->reported[0]));
    for (size_t i = 0; i < count; i++) {
        delivery->indexes[i] = routed[i].index;
        delivery->addresses[i] = routed[i].address;
    }
    return delivery;
}

static void schedule_group(struct message *message, const struct routed *routed, size_t count, int64_t limit)
{
    struct manager *manager = message->manager;
    struct schedule_transport *transport = schedule_transport(manager->schedule, routed->transport);
    const char *destination = destination_of(message, routed, limit);
    struct delivery *delivery = make_delivery(message, routed, count);
    static const struct schedule_reason put_off = { "4.3.2", "deferred transport" };
    const struct schedule_reason *reason =
        routed->is_put_off ? &put_off : schedule_suspended(transport, destination, clock_monotonic_ms());

    if (reason != NULL) {
        delivery_defer_rest(delivery, reason->status, reason->why);
        return;
    }
    message->deliveries++;
    log_debug("%s: delivery of %zu recipients by %s to \"%s\" waits behind %zu others of that transport; %zu run", message->id, count,
        routed->transport, destination, schedule_waiting(transport), schedule_running(transport));
    schedule_add(transport, destination, message, &delivery->entry);
    agent_pool_pump(manager->pool, transport);
}

/* routed[0..count) is sorted: runs with the same transport and next hop, cut into pieces of at most the recipient
 * limit. */
static void schedule_all(struct message *message, const struct routed *routed, size_t count)
{
    const char *transport = "";
    int64_t limit = 0;

    for (size_t start = 0; start < count;) {
        if (!text_equal(transport, routed[start].transport)) {
            transport = routed[start].transport;
            limit = config_transport_number(message->manager->config, transport, "_destination_recipient_limit");
        }
        size_t end = start + 1;
        while (end < count && !message_has_verp(message) && (limit == 0 || (int64_t)(end - start) < limit)
            && text_equal(routed[end].transport, transport) && compare_next_hops(routed[end].next_hop, routed[start].next_hop) == 0)
            end++;
        schedule_group(message, routed + start, end - start, limit);
        start = end;
    }
}

static void log_active(const struct message *message)
{
    struct str sender = {0};
    size_t count = 0;

    for (size_t i = 0; i < message->envelope.recipient_count; i++)
        count += !message->envelope.recipients[i].expanded;
    delivery_log_put_address(&sender, message->envelope.sender);
    log_info("%s: from=<%s>, size=%llu, nrcpt=%zu (queue active)", message->id, str_text(&sender),
        (unsigned long long)message->envelope.size_bytes, count);
    str_free(&sender);
}

static void take_reason(struct message *message, struct target *target, const struct retry_reason *reason)
{
    target->state = TARGET_DEFERRED;
    target->turn = ++message->turns;
    target->code = 450;
    target->status = reason->status;
    target->why = reason->why;
    target->relay = "none";
    target->action = "";
    target->diagnostic_type = reason->diagnostic_type;
    target->diagnostic = reason->diagnostic;
    target->remote_mta = reason->remote_mta;
}

static void take_reasons(struct message *message, const struct retry *retry)
{
    size_t count = message->envelope.recipient_count;

    for (size_t i = 0; i < retry->count; i++) {
        const struct retry_reason *reason = &retry->reasons[i];
        if (reason->index >= count || message->targets[reason->index].state == TARGET_DONE)
            continue;
        if (reason->member == NULL) {
            message->targets[reason->index].told_by_parts = false;
            take_reason(message, &message->targets[reason->index], reason);
            continue;
        }
        take_reason(message, delivery_add_part(message, reason->index, reason->member), reason);
        struct target *parent = &message->targets[reason->index];
        if (parent->state == TARGET_WAITING)
            parent->told_by_parts = true;
    }
}

/* postsuper -e: no attempt is made any more; the reason is that of the last one, if there was one. */
static void give_up(struct message *message)
{
    struct retry retry;

    if (!message_read_reasons(message, &retry))
        log_warning("%s: the record of why it was deferred is damaged", message->id);
    take_reasons(message, &retry);
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        struct target *target = &message->targets[i];
        if (target->state == TARGET_WAITING && target->told_by_parts)
            target->state = TARGET_DEFERRED;
        else if (target->state == TARGET_WAITING)
            delivery_defer_target(message, i, "4.7.0", "message is administratively expired");
    }
}

/* Schedules the recipients whose route is known, while others' may still be looked up. */
static void release(struct message *message)
{
    size_t count = message->released ? 0 : message->routed_count;

    message->routed_count = 0;
    qsort(message->routed, count, sizeof(*message->routed), compare_routed);
    schedule_all(message, message->routed, count);
}

/* All routes are known. */
static void finish(struct message *message)
{
    release(message);
    free(message->routed);
    message->routed = NULL;
    if (--message->deliveries == 0)
        outcome_message(message);
}

static void on_routed(struct message *message, size_t index, enum route_result result, const struct route *route)
{
    message->routes_asked--;
    if (message->released) /* it is another process's */
        return;
    take_route(message, index, result, route);
    if (message->routes_asked == 0)
        finish(message);
}

void take_up_message(struct message *message)
{
    message->routed = memory_zeroed(message->envelope.recipient_count + 1, sizeof(*message->routed));
    log_active(message);
    if (message->force_expired)
        give_up(message);
    message->deliveries++; /* keeps it while deliveries are being made */
    for (size_t i = 0; i < message->envelope.recipient_count; i++) {
        if (message->targets[i].state == TARGET_WAITING)
            route_recipient(message, i);
    }
    if (message->routes_asked == 0)
        finish(message);
}

const struct route_asker_handlers take_up_handlers = { .routed = on_routed, .release = release };

/* --- files --- */

static void save_corrupt(struct manager *manager, enum queue queue, const char *id, const char *why)
{
    log_warning("saving corrupt file \"%s\" from queue \"%s\" to queue \"%s\": it %s", id, spool_queue_name(queue),
        spool_queue_name(QUEUE_CORRUPT), why);
    if (!spool_move(manager->spool, queue, QUEUE_CORRUPT, id) && errno != ENOENT)
        log_warning("%s: move to the corrupt queue: %m", id);
}

bool take_up_file(struct manager *manager, const char *id, bool ignore_defer_transports)
{
    const char *why;
    struct message *message = message_load(manager, id, &why);

    if (message == NULL) {
        if (*why != '\0')
            save_corrupt(manager, QUEUE_ACTIVE, id, why);
        return false;
    }
    message->ignore_defer_transports = ignore_defer_transports;
    take_up_message(message);
    return true;
}
