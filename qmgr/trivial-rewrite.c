/* trivial-rewrite.c: finds out for the queue manager where recipients go, when tables have a say in it that may keep one waiting:
 * on servers, in databases (trivial-rewrite(8)). All other routing is done in the processes that need it. */
#include "master/worker/worker.h"
#include "qmgr/route/probe_route.h"
#include "qmgr/route/route.h"
#include "qmgr/route/route_messages.h"
#include "util/base/clock.h"

enum { SEND_S = 10 };

struct routing {
    struct router *router;
    struct router *probe_router; /* NULL: the same */
    struct arena *arena;
};

static void answer(struct ipc_channel *channel, struct routing *routing, const struct route_question *question)
{
    struct route route = {0};
    struct router *router =
        question->probe && routing->probe_router != NULL ? routing->probe_router : routing->router;
    enum route_result result = router_resolve(router, question->sender, question->recipient, routing->arena, &route);

    route_answer_send(channel, &(struct route_answer){
        .result = result,
        .class = route.class,
        .transport = route.transport,
        .next_hop = route.next_hop,
        .recipient = route.recipient,
        .is_error = route.is_error,
        .reason = route.reason,
    });
}

/* False: the connection is over. */
static bool serve(struct ipc_channel *channel, const struct config *config, struct routing *routing)
{
    struct route_question question;
    unsigned type;

    if (!ipc_receive(channel, &type, clock_deadline_s(config->max_idle)))
        return false;
    if (type != route_question_type || !route_question_decode(channel, &question))
        return false;
    answer(channel, routing, &question);
    return ipc_flush(channel, clock_deadline_s(SEND_S));
}

static bool has_changed(const struct routing *routing)
{
    return router_has_changed(routing->router)
        || (routing->probe_router != NULL && router_has_changed(routing->probe_router));
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "trivial-rewrite");
    const struct config *config = worker_config(worker);
    struct routing routing = { .router = router_open(config), .arena = arena_new() };
    struct config for_probes;

    if (probe_route_config(config, &for_probes) != NULL)
        routing.probe_router = router_open(&for_probes);
    worker_confine(worker, CONFINE_NETWORK);
    struct client *client;
    bool changed = false;
    while (!changed && (client = worker_accept(worker)) != NULL) {
        struct ipc_channel *channel = ipc_open(client->fd);
        client->fd = -1; /* the channel's now */
        while (!changed && serve(channel, config, &routing)) {
            arena_reset(routing.arena);
            changed = has_changed(&routing); /* the next process opens them anew */
        }
        ipc_close(channel);
        arena_reset(routing.arena);
    }
    router_close(routing.router);
    router_close(routing.probe_router);
    arena_free(routing.arena);
    return worker_stop(worker);
}
