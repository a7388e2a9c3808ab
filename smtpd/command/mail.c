/* MAIL FROM (RFC 5321 section 4.1.1.2). */
#include <string.h>
#include <sys/statvfs.h>

#include "smtpd/command.h"
#include "smtpd/keywords.h"
#include "smtpd/limits.h"
#include "smtpd/message.h"
#include "smtpd/milter_stage.h"
#include "smtpd/path.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/verp.h"

static unsigned extensions(const struct session *session)
{
    unsigned bits = 0;

    if (!(session->discard_keywords & KEYWORD_DSN))
        bits |= PARAMETERS_DSN;
    if (session->config->smtputf8_enable && !(session->discard_keywords & KEYWORD_SMTPUTF8))
        bits |= PARAMETERS_SMTPUTF8;
    if (session->verp_allowed && !(session->discard_keywords & KEYWORD_XVERP))
        bits |= PARAMETERS_VERP;
    return bits;
}

/* "FROM:<a@b> SIZE=1": what stands behind "FROM:", or NULL. */
static const char *behind_keyword(const char *arguments)
{
    if (!text_starts_with_nocase(arguments, "FROM:"))
        return NULL;
    arguments += strlen("FROM:");
    arguments += strspn(arguments, " \t");
    return *arguments == '\0' ? NULL : arguments;
}

static struct verdict check_room(struct session *session, int64_t size)
{
    const struct config *config = session->config;
    struct statvfs disk;

    if (config->message_size_limit > 0 && size > config->message_size_limit)
        return session_reject(session, VERDICT(552, "5.3.4", "Message size exceeds fixed limit"), "MAIL");
    /* Room for this message, or for the biggest one with something to spare. */
    uint64_t needed = config->queue_minfree > 0 ? (uint64_t)config->queue_minfree
                                                : (uint64_t)config->message_size_limit * 3 / 2;
    if (statvfs(config->queue_directory, &disk) != 0)
        return (struct verdict){0};
    uint64_t left = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (left >= needed && left / 2 >= (uint64_t)size)
        return (struct verdict){0};
    log_warning("not enough free space in mail queue: %llu bytes < %llu", (unsigned long long)left,
        (unsigned long long)needed);
    session->trouble |= TROUBLE_RESOURCE;
    return session_reject(session, VERDICT(452, "4.3.1", "Insufficient system storage"), "MAIL");
}

static struct verdict check_verp(struct session *session)
{
    const struct config *config = session->config;
    struct transaction *transaction = &session->transaction;
    const char *verp = transaction->parameters.verp;

    if (verp == NULL)
        return (struct verdict){0};
    if (*transaction->sender == '\0')
        return VERDICT(503, "5.5.4", "Error: XVERP requires non-null sender");
    if (*verp == '\0')
        transaction->parameters.verp = config->default_verp_delimiters;
    else if (!verp_delimiters_are_valid(verp, config->verp_delimiter_filter))
        return VERDICT(501, "5.5.4", arena_printf(session->call, "Error: XVERP needs two characters from %s",
            config->verp_delimiter_filter));
    return (struct verdict){0};
}

static struct verdict take_sender(struct session *session, const char *word, const char *rest, struct str *internal)
{
    struct transaction *transaction = &session->transaction;

    struct verdict verdict = /* told of after the address, which is read by what SMTPUTF8 says */
        parameters_parse_mail(rest, extensions(session), transaction->arena, &transaction->parameters);
    if (session->login.auth == NULL)
        transaction->parameters.auth = NULL;
    bool utf8 = (transaction->parameters.flags & ENVELOPE_SMTPUTF8) != 0;
    switch (path_parse(session->config, session->context, word, session->config->strict_rfc821_envelopes, utf8, internal)) {
    case PATH_OK:
        break;
    case PATH_NEEDS_UTF8:
        return VERDICT(553, "5.6.7", "Must declare SMTPUTF8 to send unicode address");
    case PATH_BAD:
        log_warning("Illegal address syntax from %s in MAIL command: %s", session->client_text, word);
        return VERDICT(501, "5.1.7", "Bad sender address syntax");
    case PATH_UNBALANCED:
        return VERDICT(501, "5.1.7", "Bad sender address syntax");
    }
    if (verdict.code != 0)
        return verdict;
    if (text_equal_nocase(str_text(internal), "MAILER-DAEMON"))
        str_clear(internal);
    transaction->sender = arena_copy_text(transaction->arena, str_text(internal));
    verdict = check_verp(session);
    if (verdict.code == 0)
        verdict = check_room(session, transaction->parameters.size_bytes);
    if (verdict.code == 0)
        verdict = restrictions_ask(session, POLICY_MAIL, NULL, NULL);
    return verdict.code != 0 ? verdict : milter_stage_mail(session, word, rest);
}

struct verdict command_mail(struct session *session, const char *arguments)
{
    const char *cursor = behind_keyword(arguments);
    struct str word = {0};
    struct str internal = {0};
    struct verdict verdict = VERDICT(501, "5.5.4", "Syntax: MAIL FROM:<address>");

    if (cursor == NULL)
        return verdict;
    struct verdict limit = limits_count(session, LIMIT_MAIL);
    if (limit.code != 0)
        return limit;
    if (session->context_is_unknown) {
        verdict = VERDICT(451, "4.3.0", "Temporary lookup error");
        session_log_reject(session, &verdict, "MAIL", NULL);
        session->trouble |= TROUBLE_RESOURCE;
        return verdict;
    }
    if (path_take(&cursor, &word) == PATH_UNBALANCED)
        verdict = VERDICT(501, "5.1.7", "Bad sender address syntax");
    else
        verdict = take_sender(session, str_text(&word), cursor, &internal);
    if (verdict.code == 0) {
        session->transaction.mail_command = arena_printf(session->transaction.arena, "MAIL %s", arguments);
        session->transaction.state = TRANSACTION_SENDER;
        if (!session->config->smtpd_delay_open_until_valid_rcpt)
            verdict = message_open(session);
    }
    str_free(&word);
    str_free(&internal);
    if (verdict.code != 0) {
        const struct transaction_forwarded forwarded = session->transaction.forwarded;
        transaction_reset(&session->transaction);
        session->transaction.forwarded = forwarded; /* XFORWARD is about the transaction to come */
        session->deferrals.sender = (struct verdict){0};
        return verdict;
    }
    return VERDICT(250, "2.1.0", "Ok");
}
