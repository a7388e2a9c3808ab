/* auth_cyrus.c: logins checked by Cyrus SASL in this process (sasldb), or by saslauthd; as the library's smtpd.conf says. */
#include <sasl/sasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "submission/auth/auth_back_end.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sasl/sasl_base64.h"
#include "util/sasl/sasl_cyrus.h"

typedef int (*callback)(void); /* how the library's table holds them */

struct cyrus {
    const struct config *config;
    sasl_callback_t callbacks[3];
    struct str sasldb; /* where smtpd.conf says that sasldb lies */
};

struct cyrus_session {
    struct cyrus *server;
    sasl_conn_t *connection;
    const struct auth_client *client;
    unsigned options;
    bool is_used;
};

/* Where Debian's administrators put smtpd.conf, then where the library looks by itself. The library frees the text. */
static int find_configuration(void *context, char **path)
{
    const struct cyrus *server = context;
    const char *wanted = server->config->cyrus_sasl_config_path;
    struct str text = {0};

    if (*wanted != '\0')
        str_put(&text, wanted);
    else
        str_printf(&text, "%s/sasl:/etc/postfix/sasl:/etc/sasl2:/usr/lib/sasl2", server->config->config_directory);
    *path = str_take(&text);
    return SASL_OK;
}

/* "sasldb_path: /etc/sasldb2" in one of the library's files. */
static bool take_sasldb_path(const char *path, struct str *found)
{
    static const char key[] = "sasldb_path:";
    char line[1024];
    FILE *file = fopen(path, "re");

    if (file == NULL)
        return false;
    while (fgets(line, sizeof(line), file) != NULL) {
        if (text_starts_with_nocase(line, key)) {
            const char *value = line + strlen(key) + strspn(line + strlen(key), " \t");
            str_clear(found);
            str_put_bytes(found, value, strcspn(value, "\r\n"));
        }
    }
    (void)fclose(file); /* nothing was written */
    return true;
}

static void find_sasldb(struct cyrus *server)
{
    char *folders = NULL;
    const char *word;
    size_t length;
    bool done = false;

    (void)find_configuration(server, &folders); /* can't fail */
    for (const char *cursor = folders; !done && text_next_word(&cursor, ":", &word, &length);) {
        struct str path = {0};
        str_printf(&path, "%.*s/%s.conf", (int)length, word, server->config->smtpd_sasl_path);
        done = take_sasldb_path(str_text(&path), &server->sasldb);
        str_free(&path);
    }
    free(folders);
}

static void *service_open(const struct config *config, const char *path)
{
    struct cyrus *server = memory_new(struct cyrus);

    server->config = config;
    server->callbacks[0] = (sasl_callback_t){ SASL_CB_LOG, (callback)(void (*)(void))sasl_cyrus_log, NULL };
    server->callbacks[1] = (sasl_callback_t){ SASL_CB_GETCONFPATH, (callback)(void (*)(void))find_configuration, server };
    server->callbacks[2] = (sasl_callback_t){ SASL_CB_LIST_END, NULL, NULL };
    int result = sasl_server_init(server->callbacks, config->smtpd_sasl_path);
    if (result != SASL_OK)
        log_fatal("SASL per-process initialization failed: %s", sasl_cyrus_error(result));
    find_sasldb(server);
    return server;
}

static void service_close(void *handle)
{
    struct cyrus *server = handle;

    sasl_done();
    str_free(&server->sasldb);
    free(server);
}

static const char *service_file(const void *handle)
{
    const struct cyrus *server = handle;

    return server->sasldb.length > 0 ? str_text(&server->sasldb) : NULL;
}

/* "192.0.2.1;25"; NULL if it isn't known. */
static const char *end_of_connection(const char *address, const char *port, char *buffer, size_t size)
{
    if (*address == '\0' || strlen(address) + strlen(port) + 2 > size || !text_is_digits(port))
        return NULL;
    (void)stpcpy(stpcpy(stpcpy(buffer, address), ";"), port);
    return buffer;
}

static sasl_conn_t *connection_new(struct cyrus *server, const struct auth_client *client)
{
    const char *realm = server->config->smtpd_sasl_local_domain;
    sasl_conn_t *connection = NULL;
    char own[80];
    char peer[80];

    int result = sasl_server_new(server->config->smtpd_sasl_service, server->config->myhostname,
        *realm == '\0' ? NULL : realm, end_of_connection(client->server_address, client->server_port, own, sizeof(own)),
        end_of_connection(client->client_address, client->client_port, peer, sizeof(peer)), NULL, 0, &connection);
    if (result == SASL_OK)
        return connection;
    log_warning("SASL per-connection initialization failed: %s", sasl_cyrus_error(result));
    return NULL;
}

static bool set_security(sasl_conn_t *connection, unsigned options)
{
    const sasl_security_properties_t properties = { .security_flags = sasl_cyrus_security_flags(options) };
    int result = sasl_setprop(connection, SASL_SEC_PROPS, &properties);

    if (result != SASL_OK)
        log_warning("SASL per-connection security setup failed: %s", sasl_cyrus_error(result));
    return result == SASL_OK;
}

static void *session_open(void *handle, const struct auth_client *client, unsigned options, struct str *mechanisms)
{
    struct cyrus *server = handle;
    sasl_conn_t *connection = connection_new(server, client);
    const char *list = "";
    unsigned length;
    int count;

    if (connection == NULL)
        return NULL;
    if (!set_security(connection, options)
        || sasl_listmech(connection, NULL, "", " ", "", &list, &length, &count) != SASL_OK || *list == '\0') {
        sasl_dispose(&connection);
        return NULL;
    }
    str_put(mechanisms, list);
    struct cyrus_session *session = memory_new(struct cyrus_session);
    session->server = server;
    session->connection = connection;
    session->client = client;
    session->options = options;
    return session;
}

static void session_close(void *handle)
{
    struct cyrus_session *session = handle;

    sasl_dispose(&session->connection);
    free(session);
}

/* A back end that can't say yes or no isn't the client's fault. */
static bool is_temporary(int result)
{
    switch (result) {
    case SASL_FAIL:
    case SASL_NOMEM:
    case SASL_TRYAGAIN:
    case SASL_UNAVAIL:
    case SASL_NOTINIT:
        return true;
    default:
        return false;
    }
}

static void take_user(struct cyrus_session *session, struct str *user)
{
    const void *name = NULL;

    str_free(user);
    if (sasl_getprop(session->connection, SASL_USERNAME, &name) == SASL_OK && name != NULL)
        text_put_printable(user, name, strlen(name), '?', true);
    if (user->length == 0)
        str_free(user);
}

static enum auth_status conclude(struct cyrus_session *session, int result, const char *challenge, unsigned length,
    struct str *answer, struct str *user)
{
    if (result == SASL_CONTINUE) {
        sasl_cyrus_encode(challenge, challenge == NULL ? 0 : length, answer);
        return AUTH_CONTINUE;
    }
    take_user(session, user);
    if (result == SASL_OK && user->length > 0)
        return AUTH_SUCCEEDED;
    str_set(answer, sasl_cyrus_error(result == SASL_OK || result == SASL_NOUSER ? SASL_BADAUTH : result));
    return is_temporary(result) ? AUTH_UNAVAILABLE : AUTH_FAILED;
}

static enum auth_status fail_decoding(int result, struct str *answer, struct str *user)
{
    str_free(user);
    str_set(answer, sasl_cyrus_error(result));
    return is_temporary(result) ? AUTH_UNAVAILABLE : AUTH_FAILED;
}

/* Each exchange gets a fresh connection object: the library keeps names and secrets of the one before in it. */
static bool renew(struct cyrus_session *session)
{
    if (session->is_used) {
        sasl_dispose(&session->connection);
        session->connection = connection_new(session->server, session->client);
    }
    session->is_used = true;
    return session->connection != NULL && set_security(session->connection, session->options);
}

static enum auth_status session_begin(void *handle, const char *mechanism, const char *initial, struct str *answer,
    struct str *user)
{
    struct cyrus_session *session = handle;
    struct str decoded = {0};
    const char *challenge = NULL;
    unsigned length = 0;

    int result = !renew(session) ? SASL_FAIL : initial == NULL ? SASL_OK : sasl_cyrus_decode(initial, &decoded);
    if (result != SASL_OK) {
        str_free(&decoded);
        return fail_decoding(result, answer, user);
    }
    result = sasl_server_start(session->connection, mechanism, initial == NULL ? NULL : str_text(&decoded),
        (unsigned)decoded.length, &challenge, &length);
    sasl_wipe(&decoded);
    str_free(&decoded);
    return conclude(session, result, challenge, length, answer, user);
}

static enum auth_status session_respond(void *handle, const char *response, struct str *answer, struct str *user)
{
    struct cyrus_session *session = handle;
    struct str decoded = {0};
    const char *challenge = NULL;
    unsigned length = 0;

    int result = sasl_cyrus_decode(response, &decoded);
    if (result != SASL_OK) {
        str_free(&decoded);
        return fail_decoding(result, answer, user);
    }
    result = sasl_server_step(session->connection, str_text(&decoded), (unsigned)decoded.length, &challenge, &length);
    sasl_wipe(&decoded);
    str_free(&decoded);
    return conclude(session, result, challenge, length, answer, user);
}

const struct auth_back_end auth_back_end_cyrus = {
    service_open, service_close, service_file, session_open, session_close, session_begin, session_respond,
};
