/* RCPT TO (RFC 5321 section 4.1.1.3). */
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/keywords.h"
#include "smtpd/limits.h"
#include "smtpd/message.h"
#include "smtpd/milter_stage.h"
#include "smtpd/path.h"
#include "smtpd/proxy_filter.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"
#include "smtpd/verify/probe_sender.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/xtext.h"

static const char *behind_keyword(const char *arguments)
{
    if (!text_starts_with_nocase(arguments, "TO:"))
        return NULL;
    arguments += strlen("TO:");
    arguments += strspn(arguments, " \t");
    return *arguments == '\0' ? NULL : arguments;
}

static struct verdict parse_recipient(struct session *session, const char *word, struct str *internal)
{
    bool utf8 = (session->transaction.parameters.flags & ENVELOPE_SMTPUTF8) != 0;

    switch (path_parse(session->config, session->context, word, session->config->strict_rfc821_envelopes, utf8, internal)) {
    case PATH_OK:
        if (internal->length > 0)
            return (struct verdict){0};
        break;
    case PATH_NEEDS_UTF8:
        return VERDICT(553, "5.6.7", "Must declare SMTPUTF8 to send unicode address");
    case PATH_BAD:
        break;
    case PATH_UNBALANCED:
        return VERDICT(501, "5.1.3", "Bad recipient address syntax");
    }
    log_warning("Illegal address syntax from %s in RCPT command: %s", session->client_text, word);
    return VERDICT(501, "5.1.3", "Bad recipient address syntax");
}

/* A client gets some 452 beyond the limit for free; more of them count as errors. */
static struct verdict too_many(struct session *session)
{
    session->forgive = session->transaction.overshoot++
                       < (size_t)session->config->smtpd_recipient_overshoot_limit;
    return VERDICT(452, "4.5.3", "Error: too many recipients");
}

/* Mail for a sender of our own probes goes to the address without what changes in it. */
static const char *without_time(struct session *session, const char *address)
{
    struct str plain = {0};

    if (session->config->address_verify_sender_ttl == 0
        || !probe_sender_is(session->config, address, clock_wall_us() / 1000000))
        return address;
    probe_sender_put_plain(session->config, &plain);
    const char *kept = arena_copy_text(session->call, str_text(&plain));
    str_free(&plain);
    return kept;
}

/* A client that gives no ORCPT named the original recipient in the command itself. */
static const char *original_recipient(struct session *session, const char *word, const struct rcpt_parameters *parameters)
{
    struct str wire = {0};
    size_t length = strlen(word);

    if (*parameters->dsn_orcpt != '\0')
        return parameters->dsn_orcpt;
    str_put(&wire, "rfc822;");
    bool in_brackets = length >= 2 && word[0] == '<' && word[length - 1] == '>';
    if (in_brackets) {
        word++;
        length -= 2;
    }
    while (length > 0 && text_is_space(word[length - 1]))
        length--;
    xtext_put(&wire, arena_copy_bytes(session->call, word, length));
    const char *kept = arena_copy_text(session->call, str_text(&wire));
    str_free(&wire);
    return kept;
}

static struct verdict add_recipient(struct session *session, const char *word, const char *address,
    const struct rcpt_parameters *parameters)
{
    struct transaction *transaction = &session->transaction;

    if (!message_is_open(session)) {
        struct verdict why = message_open(session);
        if (why.code != 0)
            return why;
    }
    const struct recipient recipient = { .address = address, .original = address,
        .dsn_orcpt = original_recipient(session, word, parameters),
        .notify = parameters->notify };
    if (transaction->proxy != NULL) {
        struct verdict refused = proxy_filter_recipient(session, session->arguments);
        if (refused.code != 0)
            return refused;
    } else {
        intake_recipient(transaction->message, &recipient);
    }
    if (transaction->recipient_count++ == 0)
        transaction->recipient = arena_copy_text(transaction->arena, address);
    transaction->state = TRANSACTION_RECIPIENTS;
    return VERDICT(250, "2.1.5", "Ok");
}

static struct verdict take(struct session *session, const char *cursor, struct str *word, struct str *internal)
{
    struct rcpt_parameters parameters;
    unsigned extensions = session->discard_keywords & KEYWORD_DSN ? 0 : PARAMETERS_DSN;

    if (path_take(&cursor, word) == PATH_UNBALANCED)
        return VERDICT(501, "5.1.3", "Bad recipient address syntax");
    struct verdict verdict = parse_recipient(session, str_text(word), internal);
    if (verdict.code != 0)
        return verdict;
    verdict = parameters_parse_rcpt(cursor, extensions, session->call, &parameters);
    if (verdict.code != 0)
        return verdict;
    if ((int64_t)session->transaction.recipient_count >= session->config->smtpd_recipient_limit)
        return too_many(session);
    verdict = limits_count(session, LIMIT_RCPT);
    if (verdict.code != 0)
        return verdict;
    const char *address = arena_copy_text(session->call, str_text(internal));
    verdict = restrictions_ask(session, POLICY_RCPT, address, NULL);
    if (verdict.code != 0) {
        milter_stage_refused_rcpt(session, str_text(word), cursor, &verdict);
        return verdict;
    }
    verdict = milter_stage_rcpt(session, str_text(word), cursor, address);
    return verdict.code != 0 ? verdict : add_recipient(session, str_text(word), without_time(session, address), &parameters);
}

struct verdict command_rcpt(struct session *session, const char *arguments)
{
    session->arguments = arguments;
    const char *cursor = behind_keyword(arguments);
    struct str word = {0};
    struct str internal = {0};

    if (cursor == NULL)
        return VERDICT(501, "5.5.4", "Syntax: RCPT TO:<address>");
    struct verdict verdict = take(session, cursor, &word, &internal);
    str_free(&word);
    str_free(&internal);
    return verdict;
}
