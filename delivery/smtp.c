/* smtp.c: smtp(8) and lmtp(8): sends mail to other servers. Installed under both names; the name decides. */
#include <poll.h>
#include <string.h>

#include "delivery/smtp/smtp_deliver.h"
#include "delivery/smtp/smtp_session.h"
#include "util/base/text.h"
#include "util/sys/process.h"

/* Waits for the next order, as long as master's patience and the kept connection's time allow. */
static struct order *next_order(struct smtp_client *client, struct agent *agent)
{
    const struct config *config = client->config;

    if (client->kept != NULL
        && agent_wait(agent, stream_fd(client->kept->stream), config->smtp_connection_cache_time_limit) != 1) {
        /* Its time is up, or the server has something to say: most likely goodbye. */
        smtp_session_close(client->kept);
        client->kept = NULL;
    }
    return agent_receive(agent, config->max_idle);
}

static void serve(struct smtp_client *client, struct agent *agent)
{
    struct order *order;

    while ((order = next_order(client, agent)) != NULL) {
        if (!smtp_deliver_order(client, agent, order))
            break;
    }
    smtp_session_close(client->kept);
    client->kept = NULL;
}

static bool named_lmtp(const char *path)
{
    const char *slash = strrchr(path, '/');

    return text_equal(slash == NULL ? path : slash + 1, "lmtp");
}

int main(int argc, char **argv)
{
    bool lmtp = argc > 0 && named_lmtp(argv[0]);
    struct worker *worker = worker_start(argc, argv, lmtp ? "lmtp" : "smtp");
    struct client *connection;
    struct smtp_client client;

    if (lmtp) /* nobody else has seen it yet */
        config_use_prefix((struct config *)worker_config(worker), "lmtp_", "smtp_");
    smtp_client_open(&client, worker, lmtp);
    agent_use_config(client.config);
    agent_use_status_filter(client.status_filter);
    process_yield_when_woken();
    worker_confine(worker, CONFINE_NETWORK);
    while ((connection = worker_accept(worker)) != NULL) {
        struct agent *agent = agent_open(connection->fd);
        agent_finishes_at_once(agent);
        connection->fd = -1;
        serve(&client, agent);
        agent_close(agent);
        client_close(connection);
    }
    smtp_client_close(&client);
    return worker_stop(worker);
}
