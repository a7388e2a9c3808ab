/* smtpd.c: the SMTP server (smtpd(8), RFC 5321): one client at a time. */
#include "master/worker/worker.h"
#include "qmgr/intake/intake.h"
#include "smtpd/conversation.h"
#include "smtpd/encryption.h"
#include "smtpd/login.h"
#include "smtpd/service.h"
#include "smtpd/session.h"
#include "smtpd/stand_alone.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sys/process.h"

int main(int argc, char **argv)
{
    if (argc > 1 && text_equal(argv[1], "-S"))
        return stand_alone_run();

    struct worker *worker = worker_start(argc, argv, "smtpd");
    const struct config *config = worker_config(worker);
    const struct config *cleanup = worker_config_of(worker, config->cleanup_service_name, "cleanup");
    const struct config *rewrite = worker_config_of(worker, config->rewrite_service_name, "trivial-rewrite");
    struct service service;

    /* What needs the file system, before it is out of reach. */
    struct intake *intake = intake_open(cleanup, rewrite, worker_socket_path(worker, "private/intake"), "smtpd");
    service_open(&service, config, rewrite, intake, worker_socket_path(worker, config->smtpd_sasl_path),
        worker_socket_path(worker, "private/anvil"));
    service.encryption = encryption_open(worker);
    worker_allow_path(worker, config->smtpd_tls_CApath, false);
    if (service.auth != NULL && auth_service_file(service.auth) != NULL)
        worker_allow_path(worker, auth_service_file(service.auth), false);

    process_yield_when_woken();
    worker_confine(worker, CONFINE_NETWORK);
    struct str why = {0};
    bool is_first = true;
    struct client *client;
    while ((client = worker_accept(worker)) != NULL) {
        if (is_first && !login_is_possible(&service, &why)) {
            worker_has_not_started(worker);
            log_fatal("%s", str_text(&why));
        }
        is_first = false;
        conversation_run(&service, client->fd, (const struct sockaddr *)&client->peer, client->peer_length);
        client->fd = -1; /* the session closed it */
        client_close(client);
        if (service_has_changed(&service))
            break;
    }
    encryption_close(service.encryption);
    service_close(&service);
    intake_close(intake);
    return worker_stop(worker);
}
