#include "delivery/smtp/smtp_sasl.h"

#include <sasl/sasl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "delivery/smtp/smtp_sasl_cache.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address_find.h"
#include "util/net/tls.h"
#include "util/sasl/sasl_base64.h"
#include "util/sasl/sasl_cyrus.h"
#include "util/sasl/sasl_options.h"

enum { STEPS_MAX = 50 };

typedef int (*callback)(void); /* how the library's table holds them */
#define CALLBACK(function) ((callback)(void (*)(void))(function))

struct smtp_sasl {
    const struct config *config;
    struct maps *passwords;
    struct match_list *filter;
    struct smtp_sasl_cache *refusals; /* NULL: none are remembered */
    unsigned options_plain;
    unsigned options_encrypted;
    unsigned options_verified;
};

static const sasl_callback_t process_callbacks[] = {
    { SASL_CB_LOG, CALLBACK(sasl_cyrus_log), NULL },
    { SASL_CB_LIST_END, NULL, NULL },
};

struct smtp_sasl *smtp_sasl_open(const struct config *config, bool lmtp)
{
    if (!config->smtp_sasl_auth_enable)
        return NULL;
    if (*config->smtp_sasl_password_maps == '\0')
        log_fatal("specify a password table via the `%s' configuration parameter",
            lmtp ? "lmtp_sasl_password_maps" : "smtp_sasl_password_maps");
    if (!text_equal_nocase(config->smtp_sasl_type, "cyrus"))
        log_fatal("unsupported SASL client implementation: %s", config->smtp_sasl_type);
    struct smtp_sasl *sasl = memory_new(struct smtp_sasl);
    sasl->config = config;
    sasl->passwords = maps_open(config, "smtp_sasl_password_maps", config->smtp_sasl_password_maps,
        TABLE_FOLD | (config->smtputf8_enable ? TABLE_UTF8 : 0));
    sasl->filter = match_list_open(config, "smtp_sasl_mechanism_filter", config->smtp_sasl_mechanism_filter);
    sasl->refusals = smtp_sasl_cache_open(config);
    sasl->options_plain = sasl_options_parse("smtp_sasl_security_options", config->smtp_sasl_security_options);
    sasl->options_encrypted = sasl_options_parse("smtp_sasl_tls_security_options", config->smtp_sasl_tls_security_options);
    sasl->options_verified =
        sasl_options_parse("smtp_sasl_tls_verified_security_options", config->smtp_sasl_tls_verified_security_options);
    int result = sasl_client_init(process_callbacks);
    if (result != SASL_OK)
        log_fatal("SASL per-process initialization failed: %s", sasl_cyrus_error(result));
    return sasl;
}

void smtp_sasl_close(struct smtp_sasl *sasl)
{
    if (sasl == NULL)
        return;
    maps_close(sasl->passwords);
    match_list_close(sasl->filter);
    smtp_sasl_cache_close(sasl->refusals);
    sasl_done();
    free(sasl);
}

/* --- what the server offers --- */

static bool lists(const char *list, const char *name)
{
    const char *word;
    size_t length;

    while (text_next_word(&list, " ", &word, &length)) {
        if (strlen(name) == length && strncasecmp(word, name, length) == 0)
            return true;
    }
    return false;
}

void smtp_sasl_take_mechanisms(struct smtp_session *session, const char *list)
{
    struct smtp_sasl *sasl = session->client->sasl;
    struct str name = {0};
    const char *word;
    size_t length;

    if (sasl == NULL)
        return;
    session->can |= SMTP_CAN_AUTH;
    const char *offered = list;
    while (text_next_word(&list, " \t", &word, &length)) {
        str_clear(&name);
        str_put_bytes(&name, word, length);
        if ((match_list_is_empty(sasl->filter) || match_list_text(sasl->filter, str_text(&name)) == TABLE_FOUND)
            && !lists(str_text(&session->mechanisms), str_text(&name)))
            str_printf(&session->mechanisms, session->mechanisms.length == 0 ? "%s" : " %s", str_text(&name));
    }
    if (session->mechanisms.length == 0)
        log_warning("%s offered no supported AUTH mechanisms: '%s'", session->relay, offered);
    str_free(&name);
}

/* --- who we are there --- */

struct login {
    struct str entry; /* "user:password" */
    const char *user;
    sasl_secret_t *password;
    bool send_authzid;
};

static void wipe(struct login *login)
{
    if (login->password != NULL)
        explicit_bzero(login->password->data, login->password->len);
    free(login->password);
    sasl_wipe(&login->entry);
    str_free(&login->entry);
}

static enum table_result find_by_sender(const struct smtp_delivery *delivery, struct str *entry)
{
    const struct smtp_sasl *sasl = delivery->client->sasl;
    const struct config *config = sasl->config;
    const char *sender = delivery->order->envelope.sender;
    const struct address_find how = { .maps = sasl->passwords, .delimiters = config->recipient_delimiter,
        .owner_special = config->owner_request_special, .forms = FIND_FULL | FIND_NO_EXTENSION | FIND_AT_DOMAIN };

    if (!config->smtp_sender_dependent_authentication || *sender == '\0')
        return TABLE_ABSENT;
    return address_find(&how, sender, entry, NULL, NULL);
}

/* The sender where that counts, then the server's name, then the next hop as it was configured. */
static enum table_result find_entry(const struct smtp_delivery *delivery, struct str *entry)
{
    struct maps *passwords = delivery->client->sasl->passwords;
    enum table_result result = find_by_sender(delivery, entry);

    if (result == TABLE_ABSENT)
        result = maps_find(passwords, delivery->session->name, entry, NULL);
    if (result == TABLE_ABSENT && delivery->next_hop != NULL)
        result = maps_find(passwords, delivery->next_hop, entry, NULL);
    return result;
}

static void split_entry(struct login *login, const char *delimiter)
{
    char *at = strstr(login->entry.data, delimiter);
    const char *password = at == NULL ? "" : at + strlen(delimiter);
    size_t length = strlen(password);

    login->password = memory_zeroed(1, sizeof(sasl_secret_t) + length + 1);
    login->password->len = length;
    memcpy(login->password->data, password, length);
    if (at != NULL)
        *at = '\0';
    login->user = login->entry.data;
}

/* --- the exchange --- */

static int give_name(void *context, int id, const char **result, unsigned *length)
{
    const struct login *login = context;

    *result = id == SASL_CB_USER && !login->send_authzid ? "" : login->user;
    if (length != NULL)
        *length = (unsigned)strlen(*result);
    return SASL_OK;
}

static int give_password(sasl_conn_t *connection, void *context, int id, sasl_secret_t **secret)
{
    const struct login *login = context;

    *secret = login->password;
    return SASL_OK;
}

static bool cannot(struct smtp_delivery *delivery, const char *why)
{
    smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.0",
        "SASL authentication failed; cannot authenticate to server %s: %s", delivery->session->host, why);
    return false;
}

static struct smtp_sasl_attempt attempt_of(const struct smtp_delivery *delivery, const struct login *login)
{
    return (struct smtp_sasl_attempt){ .server = delivery->session->name, .user = login->user,
        .password = (const char *)login->password->data, .password_length = login->password->len };
}

static void remember_refusal(const struct smtp_delivery *delivery, const struct login *login)
{
    const struct smtp_session *session = delivery->session;
    struct smtp_sasl_cache *refusals = delivery->client->sasl->refusals;
    const struct smtp_sasl_attempt attempt = attempt_of(delivery, login);
    char status[12];

    if (refusals != NULL && session->reply.code == 535)
        smtp_sasl_cache_put(refusals, &attempt, smtp_reply_status(&session->reply, status), str_text(&session->reply.text));
}

/* Nothing is sent if the server has refused just this login before. */
static bool is_known_to_fail(struct smtp_delivery *delivery, const struct login *login)
{
    struct smtp_sasl_cache *refusals = delivery->client->sasl->refusals;
    const struct smtp_sasl_attempt attempt = attempt_of(delivery, login);
    struct str status = {0};
    struct str reply = {0};

    bool known = refusals != NULL && smtp_sasl_cache_find(refusals, &attempt, &status, &reply);
    if (known) {
        bool soft = delivery->client->config->smtp_sasl_auth_soft_bounce;
        if (soft && status.length > 0)
            status.data[0] = '4';
        smtp_delivery_fail_known_login(delivery, soft ? 435 : 535, str_text(&status), str_text(&reply));
    }
    str_free(&status);
    str_free(&reply);
    return known;
}

static bool refused(struct smtp_delivery *delivery, const struct login *login)
{
    struct smtp_session *session = delivery->session;

    remember_refusal(delivery, login);
    if (smtp_reply_class(&session->reply) == 5 && delivery->client->config->smtp_sasl_auth_soft_bounce) {
        session->reply.code -= 100;
        session->reply.status[0] = session->reply.status[0] == '\0' ? '\0' : '4';
    }
    smtp_delivery_fail_login(delivery);
    return false;
}

/* Sends "AUTH X <response>", or only the response. */
static bool say(struct smtp_delivery *delivery, const char *mechanism, const char *response, unsigned length)
{
    struct smtp_session *session = delivery->session;
    struct str line = {0};

    str_reserve(&line, 64 + (size_t)length * 2);
    if (mechanism != NULL)
        str_printf(&line, "AUTH %s", mechanism);
    if (mechanism != NULL && response != NULL)
        str_put_char(&line, ' ');
    if (mechanism != NULL && response != NULL && length == 0)
        str_put_char(&line, '=');
    else if (response != NULL)
        sasl_base64_encode(response, length, &line);
    stream_write(session->stream, str_text(&line), line.length);
    stream_put(session->stream, "\r\n");
    sasl_wipe(&line);
    str_free(&line);
    bool good = smtp_session_read_reply(session);
    stream_wipe(session->stream);
    if (!good)
        smtp_delivery_fail_stream(delivery);
    return good;
}

static const char *challenge_text(const struct smtp_session *session)
{
    const char *text = str_text(&session->reply.text);

    return strlen(text) > 4 ? text + 4 : "";
}

static bool answer_challenges(struct smtp_delivery *delivery, sasl_conn_t *connection, const struct login *login)
{
    struct smtp_session *session = delivery->session;

    for (int step = 0; smtp_reply_class(&session->reply) == 3; step++) {
        struct str challenge = {0};
        const char *response = NULL;
        unsigned length = 0;
        int result = step == STEPS_MAX ? SASL_BADPROT : sasl_cyrus_decode(challenge_text(session), &challenge);
        if (result == SASL_OK)
            result = sasl_client_step(connection, str_text(&challenge), (unsigned)challenge.length, NULL, &response, &length);
        str_free(&challenge);
        if (result != SASL_OK && result != SASL_CONTINUE)
            return cannot(delivery, sasl_cyrus_error(result));
        if (!say(delivery, NULL, response == NULL ? "" : response, length))
            return false;
    }
    return smtp_reply_class(&session->reply) == 2 || refused(delivery, login);
}

static unsigned options_of(const struct smtp_session *session)
{
    const struct smtp_sasl *sasl = session->client->sasl;

    if (session->tls == NULL)
        return sasl->options_plain;
    return tls_facts(session->tls)->trust == TLS_VERIFIED ? sasl->options_verified : sasl->options_encrypted;
}

static bool exchange(struct smtp_delivery *delivery, sasl_conn_t *connection, const struct login *login)
{
    struct smtp_session *session = delivery->session;
    const sasl_security_properties_t properties = { .security_flags = sasl_cyrus_security_flags(options_of(session)) };
    const char *mechanism = NULL;
    const char *initial = NULL;
    unsigned length = 0;

    int result = sasl_setprop(connection, SASL_SEC_PROPS, &properties);
    if (result == SASL_OK)
        result = sasl_client_start(connection, str_text(&session->mechanisms), NULL, &initial, &length, &mechanism);
    if (result != SASL_OK && result != SASL_CONTINUE)
        return cannot(delivery, sasl_cyrus_error(result));
    smtp_session_begin(session, delivery->client->helo_timeout_s, session->stage); /* part of the handshake, in the log, too */
    if (!say(delivery, mechanism, initial, length) || !answer_challenges(delivery, connection, login))
        return false;
    session->logged_in = true;
    return true;
}

static bool log_in(struct smtp_delivery *delivery, struct login *login)
{
    const sasl_callback_t callbacks[] = {
        { SASL_CB_USER, CALLBACK(give_name), login },
        { SASL_CB_AUTHNAME, CALLBACK(give_name), login },
        { SASL_CB_PASS, CALLBACK(give_password), login },
        { SASL_CB_LIST_END, NULL, NULL },
    };
    sasl_conn_t *connection = NULL;

    if (delivery->session->mechanisms.length == 0) {
        smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.0",
            "SASL authentication failed: server %s offered no compatible authentication mechanisms for this type of "
            "connection security", delivery->session->host);
        return false;
    }
    int result = sasl_client_new(delivery->client->lmtp ? "lmtp" : "smtp", delivery->session->name, NULL, NULL, callbacks, 0,
        &connection);
    bool good = result == SASL_OK ? exchange(delivery, connection, login) : cannot(delivery, sasl_cyrus_error(result));
    sasl_dispose(&connection);
    return good;
}

bool smtp_sasl_login(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    const struct smtp_sasl *sasl = delivery->client->sasl;
    struct login login = {0};

    if (sasl == NULL || !(session->can & SMTP_CAN_AUTH))
        return true;
    str_reserve(&login.entry, 1024); /* so that no copies are left behind while it grows */
    enum table_result result = find_entry(delivery, &login.entry);
    if (result == TABLE_FAILED) {
        log_warning("%s: smtp_sasl_password_maps lookup error", delivery->order->queue_id);
        smtp_delivery_fail_data(delivery, SMTP_BLAME_SITE);
        wipe(&login);
        return false;
    }
    bool good = true;
    if (result == TABLE_FOUND) {
        split_entry(&login, sasl->config->smtp_sasl_password_result_delimiter);
        login.send_authzid = sasl->config->send_cyrus_sasl_authzid;
        good = !is_known_to_fail(delivery, &login) && log_in(delivery, &login);
    }
    wipe(&login);
    return good;
}
