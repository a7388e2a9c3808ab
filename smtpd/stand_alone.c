#include "smtpd/stand_alone.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtpd/conversation.h"
#include "smtpd/service.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/tool/command_config.h"

/* Whoever is here already needs no permission to send mail, and couldn't open what access controls look into; the mail owner,
 * who can, gets them all (sendmail(1), -bs). Nothing here may need a socket of the mail system. */
static const struct config_override without_controls[] = {
    { "smtpd_client_restrictions", "" }, { "smtpd_helo_restrictions", "" }, { "smtpd_sender_restrictions", "" },
    { "smtpd_relay_restrictions", "permit" },
    { "smtpd_recipient_restrictions", "check_client_access static:OK, reject" }, /* without a refusal there would be no start */
    { "smtpd_data_restrictions", "" }, { "smtpd_end_of_data_restrictions", "" }, { "smtpd_etrn_restrictions", "" },
    { "smtpd_reject_unlisted_recipient", "no" }, { "smtpd_reject_unlisted_sender", "no" },
    { "smtpd_forbid_unauth_pipelining", "no" }, { "smtpd_forbid_bare_newline", "no" },
    { "smtpd_milters", "" }, { "smtpd_milter_maps", "" }, { "smtpd_proxy_filter", "" },
    { "smtpd_sasl_auth_enable", "no" }, { "smtpd_tls_security_level", "none" }, { "smtpd_tls_wrappermode", "no" },
    { "smtpd_use_tls", "no" }, { "smtpd_enforce_tls", "no" },
    { "smtpd_client_event_limit_exceptions", "static:all" }, { "local_header_rewrite_clients", "static:all" },
    { "smtpd_authorized_xclient_hosts", "" }, { "smtpd_authorized_xforward_hosts", "" }, { "smtpd_authorized_verp_clients", "" },
};

static const struct config *load(void)
{
    const struct config *config = command_config_load(NULL, "smtpd", 75);
    const struct passwd *owner = getpwnam(config->mail_owner);
    struct config *open;
    struct str why = {0};

    if (owner != NULL && owner->pw_uid == getuid())
        return config;
    if (!config_load(NULL, without_controls, COUNT_OF(without_controls), "smtpd", &open, &why))
        log_fatal_status(75, "%s", str_text(&why));
    return open;
}

/* Standard output may be another file than standard input, and somebody else's, so it isn't made non-blocking. */
static ssize_t read_input(void *context, void *bytes, size_t length, short *wait)
{
    *wait = POLLIN;
    return read(STDIN_FILENO, bytes, length);
}

static ssize_t write_output(void *context, const void *bytes, size_t length, short *wait)
{
    ssize_t count = write(STDOUT_FILENO, bytes, length);

    if (count < 0 && errno == EAGAIN) { /* the same file after all */
        struct pollfd ready = { .fd = STDOUT_FILENO, .events = POLLOUT };
        (void)poll(&ready, 1, -1); /* a signal may end it early: then the next write waits */
        errno = EINTR;
    }
    return count;
}

static const struct stream_transport stand_alone_transport = { .read = read_input, .write = write_output };

int stand_alone_run(void)
{
    const struct config *config = load();
    struct sockaddr_storage peer = { .ss_family = AF_UNIX }; /* counts as this machine */
    socklen_t length = sizeof(peer);
    struct service service;

    log_not_to_stderr(); /* a mail program may show that to its user */
    (void)signal(SIGPIPE, SIG_IGN);
    if (getpeername(STDIN_FILENO, (struct sockaddr *)&peer, &length) != 0) /* by inetd there is a real peer */
        length = sizeof(sa_family_t);
    int mode = fcntl(STDIN_FILENO, F_GETFL);
    struct intake *intake = intake_open_drop(config, "smtpd");
    service_open(&service, config, config, intake, "", "");
    service.transport = &stand_alone_transport;
    conversation_run(&service, dup(STDIN_FILENO), (const struct sockaddr *)&peer, length);
    service_close(&service);
    intake_close(intake);
    (void)fcntl(STDIN_FILENO, F_SETFL, mode); /* others may hold the same file */
    return 0;
}
