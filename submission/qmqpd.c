/* qmqpd.c: takes mail by QMQP from clients that are listed (qmqpd(8)): one message per connection, one client at a time. */
#include "master/worker/worker.h"
#include "submission/qmqp_session.h"

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "qmqpd");
    const struct config *config = worker_config(worker);
    const struct config *cleanup = worker_config_of(worker, config->cleanup_service_name, "cleanup");
    const struct config *rewrite = worker_config_of(worker, config->rewrite_service_name, "trivial-rewrite");

    /* What needs the file system, before it is out of reach. */
    struct qmqp_service service = { .config = config,
        .intake = intake_open(cleanup, rewrite, worker_socket_path(worker, "private/intake"), "qmqpd"),
        .clients = match_list_open(config, "qmqpd_authorized_clients", config->qmqpd_authorized_clients),
        .debug_peers = match_list_open(config, "debug_peer_list", config->debug_peer_list) };

    worker_confine(worker, CONFINE_NETWORK);
    struct client *client;
    while ((client = worker_accept(worker)) != NULL) {
        qmqp_session_run(&service, client->fd, (const struct sockaddr *)&client->peer, client->peer_length);
        client->fd = -1; /* the session closed it */
        client_close(client);
        if (intake_tables_have_changed(service.intake) || match_list_has_changed(service.clients))
            break;
    }
    match_list_close(service.clients);
    match_list_close(service.debug_peers);
    intake_close(service.intake);
    return worker_stop(worker);
}
