#include "smtpd/message.h"

#include <string.h>

#include "smtpd/from_check.h"
#include "smtpd/hold_limits.h"
#include "smtpd/login.h"
#include "smtpd/milter_stage.h"
#include "smtpd/proxy_filter.h"
#include "smtpd/received.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* What a message's envelope takes in Postfix's queue file, roughly. */
enum { ENVELOPE_BYTES = 700 };

/* receive_override_options in intake's terms. */
static uint32_t override_options(const struct config *config)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } words[] = {
        { "no_address_mappings", INTAKE_NO_ADDRESS_MAPPINGS },
        { "no_header_body_checks", INTAKE_NO_HEADER_BODY_CHECKS },
        { "no_milters", INTAKE_NO_MILTERS },
    };
    const char *cursor = config->receive_override_options;
    uint32_t bits = 0;
    const char *word;
    size_t length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strlen(words[i].name) == length && strncmp(words[i].name, word, length) == 0)
                bits |= words[i].bit;
        }
    }
    return bits;
}

static bool message_is_local(const struct session *session)
{
    const struct transaction_forwarded *forwarded = &session->transaction.forwarded;

    return forwarded->has_source ? forwarded->is_local : session->context == REWRITE_LOCAL;
}

/* Where the message comes from: as the client is known to us, or as XFORWARD says. */
static void put_origin(struct session *session, struct intake_message *message)
{
    const struct transaction_forwarded *forwarded = &session->transaction.forwarded;
    const bool told = forwarded->is_set;
    const struct {
        const char *attribute;
        const char *told;
        const char *own;
    } rows[] = {
        { ATTRIBUTE_CLIENT_NAME, forwarded->name, session->client.name },
        { ATTRIBUTE_CLIENT_ADDRESS, forwarded->address, session->client.address },
        { ATTRIBUTE_CLIENT_PORT, forwarded->port, session->client.port },
        { ATTRIBUTE_CLIENT_HELO, forwarded->helo, session->helo },
        { ATTRIBUTE_CLIENT_PROTOCOL, forwarded->protocol, session_protocol(session) },
        { ATTRIBUTE_CLIENT_IDENT, forwarded->ident, NULL },
    };

    intake_attribute(message, ATTRIBUTE_REWRITE_CONTEXT, message_is_local(session) ? "local" : "remote");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *value = told ? rows[i].told : rows[i].own;
        if (value != NULL)
            intake_attribute(message, rows[i].attribute, value);
    }
}

/* ", orig_queue_id=..., orig_client=..." for the "client=" line. */
static const char *origin_log_text(struct session *session)
{
    const struct transaction_forwarded *forwarded = &session->transaction.forwarded;
    bool has_ident = forwarded->ident != NULL && *forwarded->ident != '\0';
    const char *name = forwarded->name != NULL ? forwarded->name : CLIENT_NAME_UNKNOWN;
    bool has_address = forwarded->address != NULL && !text_equal(forwarded->address, CLIENT_NAME_UNKNOWN);

    if (!has_ident && forwarded->name == NULL && !has_address)
        return "";
    return arena_printf(session->call, "%s%s, orig_client=%s%s%s%s", has_ident ? ", orig_queue_id=" : "",
        has_ident ? forwarded->ident : "", name, has_address ? "[" : "", has_address ? forwarded->address : "",
        has_address ? "]" : "");
}

static void put_attributes(struct session *session, struct intake_message *message)
{
    put_origin(session, message);
    if (session->login.method != NULL) {
        intake_attribute(message, ATTRIBUTE_SASL_METHOD, session->login.method);
        intake_attribute(message, ATTRIBUTE_SASL_USERNAME, session->login.user);
    }
    if (session->transaction.parameters.verp != NULL)
        intake_attribute(message, ATTRIBUTE_VERP, session->transaction.parameters.verp);
    const char *sender = session->transaction.parameters.auth;
    if (sender != NULL && *sender != '\0')
        intake_attribute(message, ATTRIBUTE_SASL_SENDER, sender);
}

struct verdict message_open(struct session *session)
{
    struct transaction *transaction = &session->transaction;
    bool local = message_is_local(session);
    const struct intake_begin begin = { .service = "cleanup",
        .options = INTAKE_SMTP | override_options(session->config) | (local ? INTAKE_LOCAL_REWRITE : 0u)
                   | (local || session->config->always_add_missing_headers ? INTAKE_ADD_MISSING_HEADERS : 0u),
        .envelope_flags = transaction->parameters.flags, .trace_id = session->trace_id,
        .origin = session->client_text, .helo = session->helo, .protocol = session_protocol(session) };
    struct verdict why = {0};

    if (proxy_filter_is_wanted(session) && !transaction->discard) {
        why = proxy_filter_open(session);
        if (why.code == 0)
            log_info("NOQUEUE: client=%s%s%s", session->client_text, login_log_text(session), origin_log_text(session));
        return why;
    }

    transaction->message = intake_begin(session->service->intake, &begin, &why);
    if (transaction->message == NULL) {
        session->trouble |= TROUBLE_RESOURCE;
        return why;
    }
    put_attributes(session, transaction->message);
    intake_sender(transaction->message, transaction->sender, transaction->parameters.envid, transaction->parameters.ret);
    if (*session->config->content_filter != '\0')
        intake_attribute(transaction->message, ATTRIBUTE_CONTENT_FILTER, session->config->content_filter);
    log_info("%s: client=%s%s%s", intake_queue_id(transaction->message), session->client_text, login_log_text(session),
        origin_log_text(session));
    return why;
}

/* The line that a mailbox file has in front of each message, quoted or not. */
static bool is_mailbox_line(const char *bytes, size_t length)
{
    static const char from[] = "From ";
    size_t quotes = 0;

    while (quotes < length && bytes[quotes] == '>')
        quotes++;
    return length - quotes >= strlen(from) && memcmp(bytes + quotes, from, strlen(from)) == 0;
}

/* What stands in front of the header is made a header itself; what would go on with our own header begins the body. */
static void begin_content(struct session *session, const char *bytes, size_t length, bool line_end)
{
    struct transaction *transaction = &session->transaction;

    if (!transaction->in_mailbox_line) {
        transaction->at_start = transaction->in_mailbox_line = is_mailbox_line(bytes, length);
        if (transaction->in_mailbox_line)
            transaction_text(transaction, "X-Mailbox-Line: ", strlen("X-Mailbox-Line: "), false);
        else if (length > 0 && (*bytes == ' ' || *bytes == '\t'))
            transaction_text(transaction, "", 0, true);
    }
    if (line_end)
        transaction->in_mailbox_line = false;
}

/* Content on its way to the queue file. */
static void sink(void *context, const char *bytes, size_t length, bool line_end)
{
    struct session *session = context;
    struct transaction *transaction = &session->transaction;
    int64_t limit = session->config->message_size_limit;

    if (transaction->too_big)
        return;
    if (limit > 0 && transaction->framing.size_bytes > (uint64_t)limit) {
        transaction->too_big = true;
        log_warning("%s: queue file size limit exceeded", session_queue_id(session));
        return;
    }
    if (from_check_is_wanted(session))
        from_check_take(session, bytes, length, line_end);
    if (transaction->at_start)
        begin_content(session, bytes, length, line_end);
    transaction_text(transaction, bytes, length, line_end);
}

bool message_is_open(const struct session *session)
{
    return session->transaction.message != NULL || session->transaction.proxy != NULL;
}

void message_start_content(struct session *session)
{
    const struct config *config = session->config;
    struct transaction *transaction = &session->transaction;
    const char *newline = config->smtpd_forbid_bare_newline;
    bool lenient = session->bare_newline_excluded || text_equal_nocase(newline, "no") || text_equal_nocase(newline, "note");

    transaction->framing = (struct framing){ .sink = sink, .context = session,
        .newline = lenient ? FRAMING_BARE_LF_IS_CRLF : FRAMING_BARE_LF_NORMALIZE };
    if (config->smtpd_per_request_deadline) {
        transaction->framing.min_data_rate = config->smtpd_min_data_rate;
        transaction->framing.max_deadline_s = config->smtpd_timeout;
        transaction->framing.deadline_ms = clock_deadline_s(config->smtpd_timeout);
        stream_set_deadline(session->stream, transaction->framing.deadline_ms);
    }
    if (transaction->discard && transaction->proxy == NULL)
        intake_discard(transaction->message); /* nothing of it is even logged */
    received_write(session);
}

/* What access tables asked for, now that all of them were heard. */
static void hand_over_actions(struct session *session)
{
    struct transaction *transaction = &session->transaction;

    if (transaction->hold)
        intake_hold(transaction->message);
    if (transaction->discard)
        intake_discard(transaction->message);
    if (transaction->filter != NULL && transaction->redirect == NULL) /* REDIRECT overrides FILTER: access(5) */
        intake_attribute(transaction->message, ATTRIBUTE_CONTENT_FILTER, transaction->filter);
    if (transaction->redirect != NULL)
        intake_redirect(transaction->message, transaction->redirect);
    for (const struct transaction_header *bcc = transaction->bcc; bcc != NULL; bcc = bcc->next)
        intake_bcc(transaction->message, bcc->text, bcc == transaction->bcc ? 0 : NOTIFY_NEVER); /* as Postfix has them */
}

/* What Postfix tells the postmaster of a refused message: that content or aliases refused it, that the disk is full or a table
 * failed, or that it was too large or came back too often. */
static unsigned trouble_of_refusal(const struct verdict *verdict)
{
    if (verdict->code == 452 || (verdict->code == 451 && text_equal(verdict->text, "Error: queue file write error")))
        return TROUBLE_RESOURCE;
    return text_starts_with(verdict->text, "Error: ") ? TROUBLE_BOUNCE : TROUBLE_POLICY;
}

/* Postfix logs it from both ends, where the envelope and what was passed on until then are over the limit as well. */
static struct verdict refuse_size(struct session *session)
{
    struct transaction *transaction = &session->transaction;

    session->trouble |= TROUBLE_BOUNCE;
    if (transaction->message != NULL && intake_is_oversized(transaction->message, ENVELOPE_BYTES)) {
        const char *own = log_set_service("cleanup");
        log_warning("mail_stream_cleanup: close error");
        log_set_service(own);
    }
    transaction_reset(transaction);
    return VERDICT(552, "5.3.4", "Error: message file too big");
}

static struct verdict end_proxied(struct session *session)
{
    struct transaction *transaction = &session->transaction;

    struct verdict verdict = transaction->discard ? VERDICT_OK : proxy_filter_end(session);
    if (verdict.code < 400) {
        session->errors = 0;
        session->junk = 0;
        session->trouble_is_over = true;
    }
    transaction_reset(transaction);
    return verdict;
}

struct verdict message_end(struct session *session, bool chunked)
{
    struct transaction *transaction = &session->transaction;
    uint64_t size = transaction->framing.size_bytes;

    session->ended_content = true;
    if (transaction->framing.saw_bare_lf) {
        struct verdict refused = session_judge_bare_newline(session, "END-OF-MESSAGE");
        if (refused.code != 0) {
            transaction_reset(transaction);
            return refused;
        }
    }
    if (transaction->too_big)
        return refuse_size(session);
    struct verdict verdict = restrictions_ask(session, POLICY_END_OF_MESSAGE,
        transaction->recipient_count == 1 ? transaction->recipient : NULL, NULL);
    if (verdict.code != 0) {
        transaction_reset(transaction); /* RFC 5321 section 4.1.1.4: whatever the answer is */
        return verdict;
    }
    verdict = from_check_judge(session);
    if (verdict.code != 0) {
        transaction_reset(transaction);
        return verdict;
    }
    hold_limits_count(session);
    if (transaction->proxy != NULL)
        return end_proxied(session);
    hand_over_actions(session);
    milter_stage_content(session);
    bool good = intake_end(transaction->message, &verdict);
    transaction->message = NULL;
    if (good) {
        session->errors = 0;
        session->junk = 0;
        session->trouble_is_over = true;
        if (chunked && text_starts_with(verdict.text, "Ok: "))
            verdict.text = arena_printf(session->call, "Ok: %llu bytes %s", (unsigned long long)size, verdict.text + 4);
    } else {
        session->trouble |= trouble_of_refusal(&verdict);
    }
    transaction_reset(transaction);
    return verdict;
}
