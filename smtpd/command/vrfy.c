/* VRFY (RFC 5321 section 4.1.1.6): says only what RCPT would say anyway. */
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/path.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* Takes " SMTPUTF8" off the end. */
static bool take_utf8(const struct session *session, struct str *word)
{
    static const char keyword[] = " SMTPUTF8";

    if (!session->config->smtputf8_enable || !text_ends_with_nocase(str_text(word), keyword))
        return false;
    str_truncate(word, word->length - strlen(keyword));
    return true;
}

static struct verdict verify(struct session *session, const char *word, bool utf8, struct str *internal)
{
    switch (path_parse(session->config, session->context, word, false, utf8, internal)) {
    case PATH_OK:
        if (internal->length > 0)
            break;
        /* fall through */
    case PATH_BAD:
    case PATH_UNBALANCED:
        log_warning("Illegal address syntax from %s in VRFY command: %s", session->client_text, word);
        return VERDICT(501, "5.1.3", "Bad recipient address syntax");
    case PATH_NEEDS_UTF8:
        return VERDICT(553, "5.6.7", "Must declare SMTPUTF8 to send unicode address");
    }
    struct verdict verdict =
        restrictions_ask(session, POLICY_VRFY, arena_copy_text(session->call, str_text(internal)), NULL);
    return verdict.code != 0 ? verdict : VERDICT(252, "2.0.0", arena_copy_text(session->call, word));
}

struct verdict command_vrfy(struct session *session, const char *arguments)
{
    struct str word = {0};
    struct str internal = {0};

    if (session->config->disable_vrfy_command)
        return VERDICT(502, "5.5.1", "VRFY command is disabled");
    if (*arguments == '\0')
        return session->config->smtputf8_enable ? VERDICT(501, "5.5.4", "Syntax: VRFY address [SMTPUTF8]")
                                                : VERDICT(501, "5.5.4", "Syntax: VRFY address");
    str_put(&word, arguments);
    bool utf8 = take_utf8(session, &word);
    struct verdict verdict = verify(session, str_text(&word), utf8, &internal);
    str_free(&word);
    str_free(&internal);
    return verdict;
}
