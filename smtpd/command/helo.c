/* HELO and EHLO (RFC 5321 section 4.1.1.1). */
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/encryption.h"
#include "smtpd/keywords.h"
#include "smtpd/login.h"
#include "smtpd/milter_stage.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/log/log.h"

/* What could be mistaken for syntax in a Received header. */
static void take_helo(struct session *session, const char *name)
{
    str_set(&session->helo_text, name);
    for (char *at = session->helo_text.data; at != NULL && *at != '\0'; at++) {
        if (strchr(" <>()\\\";@", *at) != NULL || (unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    }
    session->helo = str_text(&session->helo_text);
}

static struct verdict greet(struct session *session, const char *name, bool extended)
{
    if (*name == '\0')
        return extended ? VERDICT(501, "", "Syntax: EHLO hostname") : VERDICT(501, "", "Syntax: HELO hostname");
    if (extended && session->unknown_offer != NULL) {
        log_warning("%s", session->unknown_offer);
        return session_local_data_error(session, "EHLO");
    }
    session->begins_anew = true;
    const char *previous = session->helo;
    session->helo = name;
    struct verdict verdict = restrictions_ask(session, POLICY_HELO, NULL, NULL);
    if (verdict.code != 0) {
        session->helo = previous;
        return verdict;
    }
    verdict = milter_stage_helo(session, name);
    if (verdict.code != 0)
        return verdict;
    if (previous != NULL)
        milter_stage_forget(session);
    transaction_reset(&session->transaction);
    session->extended = session->extended || extended; /* HELO after EHLO changes nothing */
    session->pipelining_offered = false;
    take_helo(session, name);
    return VERDICT(250, "", session->config->myhostname);
}

static void log_discarded(struct session *session)
{
    struct str names = {0};

    keywords_put(session->discard_keywords, &names);
    log_info("discarding EHLO keywords: %s", str_text(&names));
    str_free(&names);
}

struct verdict command_helo(struct session *session, const char *arguments)
{
    return greet(session, arguments, false);
}

/* What is offered to this client and not withheld, each on a line of its own. */
static void put_offers(struct session *session, unsigned withheld, struct str *lines)
{
    const struct config *config = session->config;
    bool login = login_is_offered(session);
    const char *mechanisms = login ? auth_mechanisms(session->login.auth) : "";
    const struct {
        unsigned bit;
        bool on;
        const char *text;
    } offers[] = {
        { KEYWORD_PIPELINING, true, "PIPELINING" },
        { KEYWORD_SIZE, true,
          config->message_size_limit > 0 ? arena_printf(session->call, "SIZE %lld", (long long)config->message_size_limit)
                                         : "SIZE" },
        { KEYWORD_VRFY, !config->disable_vrfy_command, "VRFY" },
        { KEYWORD_ETRN, true, "ETRN" },
        { KEYWORD_STARTTLS, encryption_is_offered(session->service->encryption) && session->tls == NULL, "STARTTLS" },
        { KEYWORD_AUTH, login, arena_printf(session->call, "AUTH %s", mechanisms) },
        { KEYWORD_AUTH, login && config->broken_sasl_auth_clients, arena_printf(session->call, "AUTH=%s", mechanisms) },
        { KEYWORD_XVERP, session->verp_allowed, "XVERP" },
        { KEYWORD_XCLIENT, session->xclient_allowed,
          "XCLIENT NAME ADDR PROTO HELO REVERSE_NAME PORT LOGIN DESTADDR DESTPORT" },
        { KEYWORD_XFORWARD, session->xforward_allowed, "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT" },
        { KEYWORD_ENHANCEDSTATUSCODES, true, "ENHANCEDSTATUSCODES" },
        { KEYWORD_8BITMIME, true, "8BITMIME" },
        { KEYWORD_DSN, true, "DSN" },
        { KEYWORD_SMTPUTF8, config->smtputf8_enable, "SMTPUTF8" },
        { KEYWORD_CHUNKING, true, "CHUNKING" },
        { KEYWORD_LIMITS, config->smtpd_announce_limits, /* RFC 9422 */
          arena_printf(session->call, "LIMITS RCPTMAX=%lld", (long long)config->smtpd_recipient_limit) },
    };

    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        if (offers[i].on && !(withheld & offers[i].bit))
            str_printf(lines, "\n%s", offers[i].text);
    }
}

struct verdict command_ehlo(struct session *session, const char *arguments)
{
    unsigned withheld = session->discard_keywords;
    struct str lines = {0};

    struct verdict verdict = greet(session, arguments, true);
    if (verdict.code != 250)
        return verdict;
    if (session->milter_refuses)
        withheld |= ~(unsigned)(KEYWORD_ENHANCEDSTATUSCODES | KEYWORD_SILENT_DISCARD);
    str_put(&lines, verdict.text);
    put_offers(session, withheld, &lines);
    if ((session->discard_keywords & ~(unsigned)KEYWORD_SILENT_DISCARD)
        && !(session->discard_keywords & KEYWORD_SILENT_DISCARD))
        log_discarded(session);
    session->pipelining_offered = !(withheld & KEYWORD_PIPELINING);
    verdict.text = arena_copy_text(session->call, str_text(&lines));
    str_free(&lines);
    return verdict;
}
