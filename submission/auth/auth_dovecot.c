/* auth_dovecot.c: logins checked by Dovecot's auth server (Dovecot: Authentication Protocol 1.1), over a Unix socket or TCP.
 * One connection serves all sessions of a process, one at a time. Every byte from the server is distrusted: what it says is
 * bounded, checked and has to come in time. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "submission/auth/auth_back_end.h"
#include "submission/auth/dovecot_reply.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/io/stream.h"
#include "util/log/log.h"
#include "util/net/tcp_connect.h"
#include "util/sasl/sasl_base64.h"

enum {
    CONNECT_TIMEOUT_S = 10,
    REPLY_TIMEOUT_S = 30, /* Dovecot delays the answer to a wrong password, the more the oftener it is asked */
    LINE_LIMIT = 32768,
    HANDSHAKE_LINES = 1000,
    MECHANISMS_MAX = 64,
};

#define LOST "Connection lost to authentication server"

struct mechanism {
    char *name;
    unsigned options;
};

struct dovecot {
    const struct config *config;
    char *path; /* a Unix socket, or NULL */
    struct stream *stream; /* NULL: not connected */
    struct mechanism mechanisms[MECHANISMS_MAX];
    size_t mechanism_count;
    uint32_t request; /* the last one's number */
    struct str line;
};

struct dovecot_session {
    struct dovecot *server;
    const struct auth_client *client;
    unsigned options; /* SASL_OPTION_* that rule mechanisms out */
};

static void *service_open(const struct config *config, const char *path)
{
    struct dovecot *server = memory_new(struct dovecot);

    server->config = config;
    if (!text_starts_with(config->smtpd_sasl_path, "inet:"))
        server->path = memory_copy_text(path);
    return server;
}

static void forget_mechanisms(struct dovecot *server)
{
    for (size_t i = 0; i < server->mechanism_count; i++)
        free(server->mechanisms[i].name);
    server->mechanism_count = 0;
}

static void disconnect(struct dovecot *server)
{
    stream_close(server->stream);
    server->stream = NULL;
    sasl_wipe(&server->line);
}

static void service_close(void *handle)
{
    struct dovecot *server = handle;

    disconnect(server);
    forget_mechanisms(server);
    str_free(&server->line);
    free(server->path);
    free(server);
}

static const char *service_file(const void *handle)
{
    return NULL;
}

/* --- the connection --- */

static int connect_server(const struct dovecot *server)
{
    const char *path = server->config->smtpd_sasl_path;
    const char *why;
    int fd;

    if (server->path == NULL) {
        fd = tcp_connect(path + strlen("inet:"), CONNECT_TIMEOUT_S * 1000, &why);
    } else {
        fd = fd_connect_unix(server->path, CONNECT_TIMEOUT_S * 1000);
        why = fd < 0 ? strerror(errno) : "";
    }
    if (fd < 0)
        log_warning("SASL: Connect to Dovecot auth socket '%s' failed: %s", path, why);
    return fd;
}

static bool read_reply(struct dovecot *server, struct dovecot_reply *reply)
{
    if (stream_read_line(server->stream, &server->line, LINE_LIMIT) != STREAM_OK)
        return false;
    if (server->line.data == NULL)
        str_put(&server->line, "");
    if (strlen(server->line.data) == server->line.length && dovecot_reply_parse(server->line.data, reply))
        return true;
    log_warning("SASL: unexpected reply from Dovecot auth socket '%s'", server->config->smtpd_sasl_path);
    return false;
}

static void add_mechanism(struct dovecot *server, const struct dovecot_reply *reply)
{
    if (reply->is_private || server->mechanism_count == MECHANISMS_MAX)
        return;
    server->mechanisms[server->mechanism_count].name = memory_copy_text(reply->text);
    server->mechanisms[server->mechanism_count].options = reply->options;
    server->mechanism_count++;
}

static bool shake_hands(struct dovecot *server)
{
    struct dovecot_reply reply;

    stream_printf(server->stream, "VERSION\t1\t1\nCPID\t%ld\n", (long)getpid());
    for (int lines = 0; lines < HANDSHAKE_LINES && read_reply(server, &reply); lines++) {
        if (reply.kind == DOVECOT_VERSION && reply.number != 1) {
            log_warning("SASL: Dovecot auth protocol version %llu is not supported", (unsigned long long)reply.number);
            return false;
        }
        if (reply.kind == DOVECOT_MECHANISM)
            add_mechanism(server, &reply);
        if (reply.kind == DOVECOT_DONE)
            return true;
    }
    return false;
}

/* Whether the server hung up while nobody asked it anything. Whatever it said unasked is of no use either. */
static bool is_stale(struct dovecot *server)
{
    struct pollfd one = { .fd = stream_fd(server->stream), .events = POLLIN };
    char byte;

    if (stream_status(server->stream) != STREAM_OK)
        return true;
    return poll(&one, 1, 0) > 0
           && ((one.revents & (POLLHUP | POLLERR)) || recv(one.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0);
}

static bool connect_if_needed(struct dovecot *server)
{
    if (server->stream != NULL && is_stale(server))
        disconnect(server);
    if (server->stream != NULL)
        return true;
    int fd = connect_server(server);
    if (fd < 0)
        return false;
    forget_mechanisms(server);
    server->stream = stream_open(fd);
    stream_set_timeout(server->stream, CONNECT_TIMEOUT_S);
    stream_set_deadline(server->stream, clock_deadline_s(CONNECT_TIMEOUT_S));
    if (shake_hands(server))
        return true;
    log_warning("SASL: no greeting from Dovecot auth socket '%s'", server->config->smtpd_sasl_path);
    disconnect(server);
    return false;
}

/* --- one exchange --- */

static void *session_open(void *handle, const struct auth_client *client, unsigned options, struct str *mechanisms)
{
    struct dovecot *server = handle;

    if (!connect_if_needed(server))
        return NULL;
    for (size_t i = 0; i < server->mechanism_count; i++) {
        if ((server->mechanisms[i].options & options) == 0)
            str_printf(mechanisms, mechanisms->length == 0 ? "%s" : " %s", server->mechanisms[i].name);
    }
    if (mechanisms->length == 0)
        return NULL;
    struct dovecot_session *session = memory_new(struct dovecot_session);
    session->server = server;
    session->client = client;
    session->options = options;
    return session;
}

static void session_close(void *handle)
{
    free(handle);
}

static enum auth_status refuse(const struct dovecot_reply *reply, struct str *answer)
{
    str_set(answer, reply->reason == NULL || *reply->reason == '\0' ? "(reason unavailable)" : reply->reason);
    return AUTH_FAILED;
}

static enum auth_status lost(struct dovecot *server, struct str *answer)
{
    disconnect(server);
    str_set(answer, LOST);
    return AUTH_UNAVAILABLE;
}

/* Waits for the reply to our request; those to requests that were given up are passed over. */
static enum auth_status read_outcome(struct dovecot *server, struct str *answer, struct str *user)
{
    struct dovecot_reply reply;

    while (read_reply(server, &reply)) {
        if (reply.kind != DOVECOT_OK && reply.kind != DOVECOT_FAIL && reply.kind != DOVECOT_CONTINUE)
            continue;
        if (reply.number != server->request)
            continue;
        if (reply.kind != DOVECOT_CONTINUE)
            str_free(user);
        if (reply.user != NULL)
            str_set(user, reply.user);
        switch (reply.kind) {
        case DOVECOT_OK:
            return AUTH_SUCCEEDED;
        case DOVECOT_FAIL:
            return refuse(&reply, answer);
        case DOVECOT_CONTINUE:
            str_set(answer, reply.text);
            return AUTH_CONTINUE;
        case DOVECOT_VERSION:
        case DOVECOT_MECHANISM:
        case DOVECOT_DONE:
        case DOVECOT_OTHER:
            break;
        }
    }
    return lost(server, answer);
}

static bool send_request(struct dovecot *server, struct str *request)
{
    stream_set_timeout(server->stream, REPLY_TIMEOUT_S);
    stream_set_deadline(server->stream, clock_deadline_s(REPLY_TIMEOUT_S));
    stream_write(server->stream, request->data, request->length);
    bool good = stream_flush(server->stream) == STREAM_OK;
    sasl_wipe(request);
    stream_wipe(server->stream);
    return good;
}

static enum auth_status fail(struct str *answer, const char *reason)
{
    str_set(answer, reason);
    return AUTH_FAILED;
}

static bool is_offered(const struct dovecot_session *session, const char *mechanism)
{
    const struct dovecot *server = session->server;

    for (size_t i = 0; i < server->mechanism_count; i++) {
        if ((server->mechanisms[i].options & session->options) == 0
            && text_equal_nocase(server->mechanisms[i].name, mechanism))
            return true;
    }
    return false;
}

/* Texts with bytes that would need Dovecot's escapes are left out: no name has them. */
static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static void put_certificate(struct str *request, const char *name)
{
    if (name == NULL)
        return;
    str_put(request, "\tvalid-client-cert");
    if (*name != '\0' && is_plain(name))
        str_printf(request, "\tcert_username=%s", name);
}

static enum auth_status answer_challenge(struct dovecot *server, const char *response, struct str *answer, struct str *user)
{
    struct str request = {0};

    str_reserve(&request, 64 + strlen(response));
    str_printf(&request, "CONT\t%u\t%s\n", server->request, response);
    bool sent = send_request(server, &request);
    str_free(&request);
    return sent ? read_outcome(server, answer, user) : lost(server, answer);
}

/* Dovecot takes an empty initial response for none, and asks; a client that sent one doesn't expect that. */
static enum auth_status repeat_empty_response(struct dovecot *server, const char *initial, struct str *answer,
    struct str *user)
{
    enum auth_status status = read_outcome(server, answer, user);

    if (status != AUTH_CONTINUE || initial == NULL || *initial != '\0' || answer->length > 0)
        return status;
    return answer_challenge(server, "", answer, user);
}

static enum auth_status session_begin(void *handle, const char *mechanism, const char *initial, struct str *answer,
    struct str *user)
{
    struct dovecot_session *session = handle;
    struct dovecot *server = session->server;
    const struct auth_client *client = session->client;
    struct str request = {0};

    if (!is_offered(session, mechanism))
        return fail(answer, "Invalid authentication mechanism");
    if (initial != NULL && text_equal(initial, "="))
        initial = "";
    if (initial != NULL && !sasl_base64_is_valid(initial))
        return fail(answer, "Invalid base64 data in initial response");
    if (!connect_if_needed(server))
        return lost(server, answer);
    str_reserve(&request, 512 + (initial == NULL ? 0 : strlen(initial)));
    str_printf(&request, "AUTH\t%u\t%s\tservice=%s\tnologin\tlip=%s\trip=%s", ++server->request, mechanism,
        server->config->smtpd_sasl_service, client->server_address, client->client_address);
    if (client->encrypted)
        str_put(&request, "\tsecured");
    bool is_external = text_equal_nocase(mechanism, "EXTERNAL");
    if (is_external) /* Postfix's requests for others have no such fields */
        put_certificate(&request, client->certificate_name);
    if (initial != NULL)
        str_printf(&request, "\tresp=%s", initial);
    str_put_char(&request, '\n');
    bool sent = send_request(server, &request);
    str_free(&request);
    if (!sent)
        return lost(server, answer);
    return is_external ? repeat_empty_response(server, initial, answer, user) : read_outcome(server, answer, user);
}

static enum auth_status session_respond(void *handle, const char *response, struct str *answer, struct str *user)
{
    struct dovecot_session *session = handle;
    struct dovecot *server = session->server;

    if (!text_equal(response, "=") && !sasl_base64_is_valid(response))
        return fail(answer, "Invalid base64 data in continued response");
    if (server->stream == NULL)
        return lost(server, answer);
    return answer_challenge(server, response, answer, user);
}

const struct auth_back_end auth_back_end_dovecot = {
    service_open, service_close, service_file, session_open, session_close, session_begin, session_respond,
};
