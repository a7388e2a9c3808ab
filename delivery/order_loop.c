#include "delivery/order_loop.h"

static void serve(struct agent *agent, int64_t idle_s, order_handler *handle, void *context)
{
    struct order *order;

    while ((order = agent_receive(agent, idle_s)) != NULL) {
        handle(context, agent, order);
        if (!agent_finish(agent, order, "", NULL))
            return;
    }
}

void order_loop_run(struct worker *worker, order_handler *handle, void *context)
{
    const struct config *config = worker_config(worker);
    struct client *client;

    agent_use_config(config);
    while ((client = worker_accept(worker)) != NULL) {
        struct agent *agent = agent_open(client->fd);
        client->fd = -1;
        agent_finishes_at_once(agent);
        serve(agent, config->max_idle, handle, context);
        agent_close(agent);
        client_close(client);
    }
}
