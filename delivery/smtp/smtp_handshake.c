#include "delivery/smtp/smtp_handshake.h"

#include <string.h>

#include "delivery/smtp/smtp_notice.h"
#include "delivery/smtp/smtp_sasl.h"
#include "delivery/smtp/smtp_tls.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/xtext.h"

/* Keywords of an EHLO reply that we know. */
static const struct keyword {
    const char *name;
    unsigned bit;
} keywords[] = {
    { "PIPELINING", SMTP_CAN_PIPELINE },
    { "8BITMIME", SMTP_CAN_8BITMIME },
    { "DSN", SMTP_CAN_DSN },
    { "SMTPUTF8", SMTP_CAN_SMTPUTF8 },
    { "STARTTLS", SMTP_CAN_STARTTLS },
};

static const struct keyword xforward_names[] = {
    { "NAME", SMTP_CAN_XFORWARD_NAME },     { "ADDR", SMTP_CAN_XFORWARD_ADDR },
    { "PROTO", SMTP_CAN_XFORWARD_PROTO },   { "HELO", SMTP_CAN_XFORWARD_HELO },
    { "SOURCE", SMTP_CAN_XFORWARD_SOURCE }, { "PORT", SMTP_CAN_XFORWARD_PORT },
    { "IDENT", SMTP_CAN_XFORWARD_IDENT },
};

/* What may be named in smtp_discard_ehlo_keywords. */
static const char *const discardable[] = { "8BITMIME", "AUTH", "CHUNKING", "DSN", "ENHANCEDSTATUSCODES", "ETRN", "PIPELINING",
    "SIZE", "SMTPUTF8", "STARTTLS", "VERB", "VRFY", "XCLIENT", "XFORWARD" };

static bool word_is(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && strncasecmp(word, name, length) == 0;
}

/* The keywords to ignore for this server; appended to *list. False: the table failed. */
static bool find_discarded(struct smtp_session *session, struct str *list)
{
    const struct smtp_client *client = session->client;
    const struct config *config = client->config;
    enum table_result result = maps_find(client->discard_keywords, session->address, list, NULL);

    if (result == TABLE_FAILED)
        log_warning("%s: %s map lookup error for %s", session->queue_id, maps_title(client->discard_keywords), session->address);
    else if (result == TABLE_ABSENT)
        str_set(list, client->lmtp ? config->lmtp_discard_lhlo_keywords : config->smtp_discard_ehlo_keywords);
    return result != TABLE_FAILED;
}

static void log_discarded(const struct str *list)
{
    if (list->length == 0 || text_list_has_nocase(str_text(list), "silent-discard"))
        return;
    struct str names = {0};
    for (size_t i = 0; i < sizeof(discardable) / sizeof(discardable[0]); i++) {
        if (text_list_has_nocase(str_text(list), discardable[i]))
            str_printf(&names, " %s", discardable[i]);
    }
    if (names.length > 0)
        log_info("discarding EHLO keywords:%s", str_text(&names));
    str_free(&names);
}

static void take_xforward(struct smtp_session *session, const char *arguments)
{
    const char *word;
    size_t length;

    while (text_next_word(&arguments, " \t", &word, &length)) {
        for (size_t i = 0; i < sizeof(xforward_names) / sizeof(xforward_names[0]); i++) {
            if (word_is(word, length, xforward_names[i].name))
                session->can |= xforward_names[i].bit;
        }
    }
}

static void take_size(struct smtp_session *session, const char *arguments)
{
    char number[24];
    const char *word;
    size_t length;

    session->can |= SMTP_CAN_SIZE;
    if (!text_next_word(&arguments, " \t", &word, &length) || length >= sizeof(number))
        return;
    memcpy(number, word, length);
    number[length] = '\0';
    if (!number_parse_u64(number, UINT64_MAX, &session->size_limit))
        log_warning("bad EHLO SIZE limit \"%s\" from %s", number, session->relay);
}

/* One line of the reply, behind "250-". */
static void take_keyword(struct smtp_session *session, const char *line, const char *discarded)
{
    char name[32];
    const char *word;
    size_t length;

    if (!text_next_word(&line, " \t=", &word, &length) || length >= sizeof(name))
        return;
    memcpy(name, word, length);
    name[length] = '\0';
    if (text_list_has_nocase(discarded, name))
        return;
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (word_is(word, length, keywords[i].name))
            session->can |= keywords[i].bit;
    }
    if (word_is(word, length, "SIZE"))
        take_size(session, line);
    else if (word_is(word, length, "XFORWARD"))
        take_xforward(session, line);
    else if (word_is(word, length, "AUTH"))
        smtp_sasl_take_mechanisms(session, line + strspn(line, "= \t"));
}

/* False: reported. */
static bool take_keywords(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    struct str discarded = {0};
    struct str line = {0};
    const char *at = strchr(str_text(&session->reply.text), '\n');

    session->can &= ~(unsigned)SMTP_CAN_AUTH;
    str_clear(&session->mechanisms);
    bool good = find_discarded(session, &discarded);
    if (good)
        log_discarded(&discarded);
    else
        smtp_delivery_fail_data(delivery, SMTP_BLAME_SITE);
    while (good && at != NULL) {
        const char *start = at + 1;
        at = strchr(start, '\n');
        str_clear(&line);
        str_put_bytes(&line, start, at == NULL ? strlen(start) : (size_t)(at - start));
        if (line.length > 4)
            take_keyword(session, str_text(&line) + 4, str_text(&discarded));
    }
    str_free(&line);
    str_free(&discarded);
    return good;
}

/* Whether the first word behind the code is our own name. */
static bool names_us(const struct smtp_session *session)
{
    const char *text = str_text(&session->reply.text);
    const char *word;
    size_t length;

    if (session->reply.text.length < 5)
        return false;
    text += 4;
    return text_next_word(&text, " \t\n", &word, &length) && word_is(word, length, session->client->config->myhostname);
}

/* A Cisco PIX hides the greeting behind asterisks. */
static bool is_pix_greeting(const char *text)
{
    return text[strspn(text, "20 *\n")] == '\0';
}

/* The workarounds that apply to this server and message; appended. */
static void find_pix_workarounds(const struct smtp_delivery *delivery, struct str *words)
{
    static const char *const known[] = { "disable_esmtp", "delay_dotcrlf" };
    const struct config *config = delivery->client->config;
    int64_t age_s = (clock_wall_us() - delivery->order->envelope.arrival_us) / 1000000;

    if (age_s < config->smtp_pix_workaround_threshold_time)
        return;
    struct str wanted = {0};
    if (maps_find(delivery->client->pix_workarounds, delivery->session->address, &wanted, NULL) != TABLE_FOUND)
        str_set(&wanted, config->smtp_pix_workarounds);
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (text_list_has_nocase(str_text(&wanted), known[i]))
            str_printf(words, "%s%s", words->length > 0 ? " " : "", known[i]);
    }
    str_free(&wanted);
    if (words->length > 0)
        log_info("%s: enabling PIX workarounds: %s for %s", delivery->order->queue_id, str_text(words),
            delivery->session->relay);
}

static bool greeting(struct smtp_delivery *delivery, bool *extended)
{
    struct smtp_session *session = delivery->session;
    const struct config *config = delivery->client->config;

    smtp_session_begin(session, delivery->client->helo_timeout_s, "receiving the initial server greeting");
    if (!smtp_session_read_reply(session)) {
        smtp_delivery_fail_stream(delivery);
        return false;
    }
    if (smtp_reply_class(&session->reply) != 2) {
        smtp_notice_judge(session);
        if (smtp_reply_class(&session->reply) == 5 && config->smtp_skip_5xx_greeting) {
            session->reply.code -= 100; /* this server only: others may talk to us */
            session->reply.status[0] = session->reply.status[0] == '\0' ? '\0' : '4';
        }
        smtp_delivery_fail_reply(delivery, NULL);
        return false;
    }
    const char *text = str_text(&session->reply.text);
    if (delivery->detect_loops && names_us(session))
        log_warning("host %s greeted me with my own hostname %s", session->relay, config->myhostname);
    *extended = !config->smtp_never_send_ehlo && (config->smtp_always_send_ehlo || strstr(text, "ESMTP") != NULL);
    if (!delivery->client->lmtp && is_pix_greeting(text)) {
        struct str words = {0};
        find_pix_workarounds(delivery, &words);
        session->pix = text_list_has_nocase(str_text(&words), "delay_dotcrlf");
        if (text_list_has_nocase(str_text(&words), "disable_esmtp"))
            *extended = false;
        str_free(&words);
    }
    return true;
}

/* Says hello; *done is false when the server refused that form. False: reported. */
static bool hello(struct smtp_delivery *delivery, const char *verb, const char *stage, bool may_refuse, bool *done)
{
    struct smtp_session *session = delivery->session;

    smtp_session_begin(session, delivery->client->helo_timeout_s, stage);
    smtp_session_command(session, "%s %s", verb, delivery->client->helo_name);
    if (!smtp_session_read_reply(session)) {
        smtp_delivery_fail_stream(delivery);
        return false;
    }
    *done = smtp_reply_class(&session->reply) == 2;
    if (*done || (may_refuse && session->reply.code != 421))
        return true;
    smtp_delivery_fail_reply(delivery, NULL);
    return false;
}

static bool introduce(struct smtp_delivery *delivery, bool extended)
{
    bool done = false;

    if (delivery->client->lmtp) {
        if (!hello(delivery, "LHLO", "performing the LHLO handshake", false, &done))
            return false;
        return take_keywords(delivery);
    }
    if (extended && !hello(delivery, "EHLO", "performing the EHLO handshake", true, &done))
        return false;
    if (done)
        return take_keywords(delivery);
    return hello(delivery, "HELO", "performing the HELO handshake", false, &done);
}

/* The handshake and what it proves. False: reported. */
static bool encrypt(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;

    if (!smtp_tls_start(delivery->client->tls, session, delivery->client->config->smtp_starttls_timeout)) {
        delivery->tls_failed = true;
        smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.5", "Cannot start TLS: handshake failure");
        return false;
    }
    if (!smtp_tls_is_satisfied(session)) {
        smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.5", "Server certificate not verified");
        return false;
    }
    return true;
}

/* The server said no. True: go on in plain text. */
static bool do_without(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    struct str text = {0};

    if (session->policy.level < SMTP_TLS_ENCRYPT)
        return true;
    smtp_reply_put_text(&session->reply, &text);
    smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.0", "TLS is required, but host %s refused to start TLS: %s",
        session->host, str_text(&text));
    str_free(&text);
    return false;
}

/* STARTTLS, if the policy wants it and the server has it, and the second EHLO. False: reported. */
static bool start_tls(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    const struct config *config = delivery->client->config;
    bool offered = session->can & SMTP_CAN_STARTTLS;

    if (session->policy.level >= SMTP_TLS_ENCRYPT && !offered) {
        smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.4", "TLS is required, but was not offered by host %s",
            session->host);
        return false;
    }
    if (session->policy.level >= SMTP_TLS_ENCRYPT && delivery->client->tls->context == NULL) {
        smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.5", "TLS is required, but our TLS engine is unavailable");
        return false;
    }
    if (session->policy.level <= SMTP_TLS_NONE || !offered || delivery->client->tls->context == NULL) {
        if (offered && config->smtp_tls_note_starttls_offer)
            log_info("Host offered STARTTLS: [%s]", session->name);
        return true;
    }
    smtp_session_begin(session, config->smtp_starttls_timeout, "receiving the STARTTLS response");
    smtp_session_command(session, "STARTTLS");
    if (!smtp_session_read_reply(session)) {
        smtp_delivery_fail_stream(delivery);
        return false;
    }
    if (smtp_reply_class(&session->reply) != 2)
        return do_without(delivery);
    return encrypt(delivery) && introduce(delivery, true);
}

/* Who put commands in front of our TLS session (CVE-2009-3555) has their replies come before ours were sent. */
static bool spoke_out_of_turn(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;

    if (session->tls == NULL || !delivery->client->config->smtp_tls_block_early_mail_reply
        || !stream_input_is_pending(session->stream) || smtp_session_failed(session))
        return false;
    log_warning("%s: possible attack: %s replied to MAIL before it was sent", session->queue_id, session->relay);
    session->is_broken = true;
    smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.0", "unexpected server message from %s before MAIL FROM", session->host);
    return true;
}

bool smtp_handshake_run(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    const struct config *config = delivery->client->config;
    bool immediate = config->smtp_tls_wrappermode;
    bool extended = true;

    if (immediate && delivery->client->tls->context == NULL) {
        smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.7.5", "TLS is required, but our TLS engine is unavailable");
        session->is_broken = true;
        return false;
    }
    if ((immediate && !encrypt(delivery)) || !greeting(delivery, &extended) || !introduce(delivery, extended))
        return false;
    if (!immediate && !start_tls(delivery))
        return false;
    if (delivery->detect_loops && names_us(session)) {
        log_warning("host %s replied to HELO/EHLO with my own hostname %s", session->relay, config->myhostname);
        smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 550, "5.4.6", "mail for %s loops back to myself",
            delivery->destination);
        return false;
    }
    return !spoke_out_of_turn(delivery) && smtp_sasl_login(delivery);
}

/* --- XFORWARD --- */

static void put_attribute(struct str *command, const struct smtp_delivery *delivery, unsigned bit, const char *name,
    const char *value)
{
    if (!(delivery->session->can & bit) || *value == '\0' || text_equal(value, "unknown"))
        return;
    str_printf(command, " %s=", name);
    xtext_put(command, value);
}

static bool send_xforward(struct smtp_delivery *delivery, const struct str *attributes, const char *stage)
{
    struct smtp_session *session = delivery->session;

    if (attributes->length == 0)
        return true;
    smtp_session_begin(session, delivery->client->config->smtp_xforward_timeout, stage);
    smtp_session_command(session, "XFORWARD%s", str_text(attributes));
    if (!smtp_session_read_reply(session)) {
        smtp_delivery_fail_stream(delivery);
        return false;
    }
    if (smtp_reply_class(&session->reply) != 2)
        log_warning("host %s said: %s (in reply to XFORWARD command)", session->relay, str_text(&session->reply.text));
    return true;
}

bool smtp_handshake_xforward(struct smtp_delivery *delivery)
{
    const struct envelope *envelope = &delivery->order->envelope;
    struct str text = {0};

    if (!delivery->client->config->smtp_send_xforward_command)
        return true;
    put_attribute(&text, delivery, SMTP_CAN_XFORWARD_NAME, "NAME", envelope_attribute(envelope, ATTRIBUTE_CLIENT_NAME));
    put_attribute(&text, delivery, SMTP_CAN_XFORWARD_ADDR, "ADDR", envelope_attribute(envelope, ATTRIBUTE_CLIENT_ADDRESS));
    put_attribute(&text, delivery, SMTP_CAN_XFORWARD_PORT, "PORT", envelope_attribute(envelope, ATTRIBUTE_CLIENT_PORT));
    bool good = send_xforward(delivery, &text, "sending XFORWARD name/address");
    str_clear(&text);
    put_attribute(&text, delivery, SMTP_CAN_XFORWARD_PROTO, "PROTO", envelope_attribute(envelope, ATTRIBUTE_CLIENT_PROTOCOL));
    put_attribute(&text, delivery, SMTP_CAN_XFORWARD_HELO, "HELO", envelope_attribute(envelope, ATTRIBUTE_CLIENT_HELO));
    const char *ident = envelope_attribute(envelope, ATTRIBUTE_CLIENT_IDENT);
    bool came_by_smtp = *envelope_attribute(envelope, ATTRIBUTE_CLIENT_ADDRESS) != '\0';
    put_attribute(&text, delivery, SMTP_CAN_XFORWARD_IDENT, "IDENT",
        *ident == '\0' && came_by_smtp ? delivery->order->queue_id : ident);
    bool local = text_equal(envelope_attribute(envelope, ATTRIBUTE_REWRITE_CONTEXT), "local");
    put_attribute(&text, delivery, SMTP_CAN_XFORWARD_SOURCE, "SOURCE", local ? "LOCAL" : "REMOTE");
    good = good && send_xforward(delivery, &text, "sending XFORWARD protocol/helo_name");
    str_free(&text);
    return good;
}
