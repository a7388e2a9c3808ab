/* fuzz_session.c: whole SMTP sessions against an abstract model of them (session/model.h): the input chooses what the client
 * says, and in which configuration. Every reply must fit the model, and exactly the messages that it counts as accepted are
 * taken in, with their sender, recipients, content, login and client. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/encryption.h"
#include "smtpd/conversation.h"
#include "smtpd/service.h"
#include "smtpd/session.h"
#include "tests/fuzz/session/client.h"
#include "tests/fuzz/session/peers.h"
#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/net/tls_context.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static const char everywhere[] =
    "myhostname = mail.here.test\nmydestination = here.test\nmynetworks = 127.0.0.1/32\nlocal_recipient_maps =\n"
    "compatibility_level = 3.9\nqueue_directory = /tmp\nnotify_classes =\nsmtpd_peername_lookup = no\nalias_maps =\n"
    "smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n"
    "smtpd_recipient_restrictions = check_recipient_access inline:{{no@here.test=reject} {hold@here.test=hold}"
    " {prepend@here.test=prepend X-Prepend: 1} {discard@here.test=discard}}\n"
    "smtpd_data_restrictions = check_sender_access inline:{{nodata@one.test=reject}}\n"
    "smtpd_end_of_data_restrictions = check_sender_access inline:{{noend@one.test=reject}}\n"
    "local_header_rewrite_clients =\nmessage_size_limit = 100000\nsmtpd_recipient_limit = 5\n"
    "smtpd_authorized_xclient_hosts = static:all\n"
    "smtpd_authorized_xforward_hosts = static:all\nsmtpd_error_sleep_time = 0\nsmtpd_hard_error_limit = 100000\n"
    "smtpd_junk_command_limit = 100000\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = auth\n"
    "smtpd_sasl_security_options = noanonymous\nsmtpd_sasl_response_limit = 12288\nsmtpd_timeout = 20\n"
    "smtpd_client_event_limit_exceptions = static:all\nsmtpd_forbid_bare_newline_exclusions =\n";

static struct door {
    const char *settings;
    struct model_rules rules;
    struct config *config;
    struct intake *intake;
    struct service service;
} doors[] = {
    { "smtpd_tls_security_level = may\nsmtpd_forbid_bare_newline = normalize\n",
      { .tls_offered = true, .auth_in_plain = true, .no_early_input = true, .size_limit = 100000 }, NULL, NULL, { 0 } },
    { "smtpd_helo_required = yes\ndisable_vrfy_command = yes\nsmtpd_forbid_bare_newline = reject\nmessage_size_limit = 2500\n",
      { .helo_required = true, .auth_in_plain = true, .no_early_input = true, .no_bare_lf = true, .size_limit = 2500 },
      NULL, NULL, { 0 } },
    { "smtpd_tls_security_level = encrypt\nsmtpd_forbid_bare_newline = normalize\n",
      { .tls_offered = true, .tls_required = true, .no_early_input = true, .size_limit = 100000 }, NULL, NULL, { 0 } },
    { "smtpd_tls_security_level = may\nsmtpd_forbid_bare_newline = normalize\nsmtpd_forbid_unauth_pipelining = no\n"
      "smtpd_tls_auth_only = yes\nmynetworks =\n",
      { .tls_offered = true, .size_limit = 100000, .no_trust = true }, NULL, NULL, { 0 } },
};

static void open_door(struct door *door)
{
    static const unsigned char secret[TLS_SECRET_BYTES];
    struct str text = {0};
    struct str why = {0};
    struct str path = {0};

    str_printf(&text, "%s%ssmtpd_tls_chain_files = %s/key.pem\n", everywhere, door->settings, peers_folder());
    if (!config_from_text(str_text(&text), NULL, 0, "smtpd", &door->config, &why)) {
        fprintf(stderr, "%s\n", str_text(&why));
        abort();
    }
    str_printf(&path, "%s/intake", peers_folder());
    door->intake = intake_open(door->config, door->config, str_text(&path), "smtpd");
    str_clear(&path);
    str_printf(&path, "%s/auth", peers_folder());
    service_open(&door->service, door->config, door->config, door->intake, str_text(&path), "");
    door->service.encryption = encryption_open_alone(door->config, secret, -1);
    door->service.transport = &client_transport;
    str_free(&text);
    str_free(&why);
    str_free(&path);
}

static void open_all(void)
{
    signal(SIGPIPE, SIG_IGN);
    log_to_fd(getenv("FUZZ_LOG") != NULL ? STDERR_FILENO : open("/dev/null", O_WRONLY | O_CLOEXEC));
    peers_start();
    atexit(peers_stop);
    for (size_t i = 0; i < COUNT_OF(doors); i++)
        open_door(&doors[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(4321), .sin_addr = { htonl(INADDR_LOOPBACK) } };

    if (doors[0].config == NULL)
        open_all();
    if (length == 0)
        return 0;
    struct door *door = &doors[bytes[0] % COUNT_OF(doors)];
    int fd = client_start(&door->rules, bytes + 1, length - 1);
    conversation_run(&door->service, fd, (const struct sockaddr *)&peer, sizeof(peer));
    client_stop();
    return 0;
}
