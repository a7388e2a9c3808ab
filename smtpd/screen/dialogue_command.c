#include "smtpd/screen/dialogue_command.h"

#include <string.h>

#include "smtpd/keywords.h"
#include "smtpd/screen/dialogue_tls.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct command {
    const char *verb;
    bool (*run)(struct dialogue *dialogue, const char *arguments);
    bool in_plain_text; /* also where TLS is demanded */
};

static bool answer(struct dialogue *dialogue, struct verdict verdict)
{
    return visitor_reply(dialogue->visitor, verdict);
}

static bool answer_and_end(struct dialogue *dialogue, struct verdict verdict)
{
    (void)answer(dialogue, verdict); /* it ends anyway */
    return false;
}

/* What recipients (and VRFY) are told. */
static struct verdict refusal(const struct dialogue *dialogue)
{
    const struct visitor *visitor = dialogue->visitor;

    return visitor->refusal.code != 0 ? visitor->refusal : VERDICT(450, "4.3.2", "Service currently unavailable");
}

/* --- HELO, EHLO --- */

static void reset(struct dialogue *dialogue)
{
    dialogue->has_sender = false;
    str_clear(&dialogue->sender);
}

static void greet(struct dialogue *dialogue, const char *name, bool extended)
{
    reset(dialogue);
    str_clear(&dialogue->helo);
    str_put_bytes(&dialogue->helo, name, strcspn(name, " \t"));
    dialogue->has_greeted = true;
    dialogue->extended = extended;
}

static bool run_helo(struct dialogue *dialogue, const char *arguments)
{
    if (*arguments == '\0')
        return answer(dialogue, VERDICT(501, "", "Syntax: HELO hostname"));
    greet(dialogue, arguments, false);
    return answer(dialogue, VERDICT(250, "", dialogue->visitor->screen->config->myhostname));
}

static void log_discarded(const struct visitor *visitor, unsigned bits)
{
    struct str names = {0};

    if (bits != 0 && !(bits & KEYWORD_SILENT_DISCARD)) {
        keywords_put(bits, &names);
        log_info("%s: discarding EHLO keywords: %s", visitor->name, str_text(&names));
    }
    str_free(&names);
}

static unsigned discarded(const struct visitor *visitor)
{
    struct str list = {0};
    unsigned bits = visitor->screen->discard_keywords;

    if (!maps_is_empty(visitor->screen->discard_keyword_maps)
        && maps_find(visitor->screen->discard_keyword_maps, visitor->address, &list, NULL) == TABLE_FOUND) {
        bits = keywords_parse(str_text(&list));
        log_discarded(visitor, bits);
    }
    str_free(&list);
    return bits;
}

static bool run_ehlo(struct dialogue *dialogue, const char *arguments)
{
    const struct config *config = dialogue->visitor->screen->config;
    const struct {
        unsigned bit;
        bool on;
        const char *text;
    } offers[] = {
        { KEYWORD_SIZE, true, NULL },
        { KEYWORD_VRFY, !config->disable_vrfy_command, "VRFY" }, /* as with Postfix: smtpd is who answers later */
        { KEYWORD_ETRN, true, "ETRN" },
        { KEYWORD_STARTTLS, dialogue->visitor->screen->tls != SCREEN_TLS_NONE && !dialogue->is_encrypted, "STARTTLS" },
        { KEYWORD_ENHANCEDSTATUSCODES, true, "ENHANCEDSTATUSCODES" },
        { KEYWORD_8BITMIME, true, "8BITMIME" },
        { KEYWORD_DSN, true, "DSN" },
        { KEYWORD_SMTPUTF8, config->smtputf8_enable, "SMTPUTF8" },
        { KEYWORD_CHUNKING, true, "CHUNKING" },
    };
    struct str lines = {0};

    if (*arguments == '\0')
        return answer(dialogue, VERDICT(501, "", "Syntax: EHLO hostname"));
    greet(dialogue, arguments, true);
    unsigned without = discarded(dialogue->visitor);
    dialogue->withheld = without;
    str_set(&lines, config->myhostname);
    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        if (!offers[i].on || (without & offers[i].bit))
            continue;
        str_printf(&lines, "\n%s", offers[i].text == NULL ? "SIZE" : offers[i].text);
        if (offers[i].text == NULL && config->message_size_limit > 0)
            str_printf(&lines, " %lld", (long long)config->message_size_limit);
    }
    bool goes_on = answer(dialogue, VERDICT(250, "", str_text(&lines)));
    str_free(&lines);
    return goes_on;
}

/* --- MAIL, RCPT, DATA, BDAT --- */

/* The address behind "FROM:" or "TO:", without its brackets; quotes and brackets may hold blanks. False: the keyword is
 * missing. */
static bool take_address(const char *arguments, const char *keyword, struct str *address)
{
    const char *at = arguments + strlen(keyword);
    bool quoted = false;
    bool bracketed = false;

    if (!text_starts_with_nocase(arguments, keyword))
        return false;
    at += strspn(at, " \t");
    str_clear(address);
    for (; *at != '\0'; at++) {
        if (*at == '\\' && at[1] != '\0') {
            if (quoted)
                str_put_char(address, *at);
            at++;
        } else if (*at == '"')
            quoted = !quoted;
        else if (!quoted && (*at == '<' || *at == '>')) {
            bracketed = *at == '<';
            if (!bracketed)
                break;
            continue;
        } else if (!quoted && !bracketed && (*at == ' ' || *at == '\t'))
            break;
        str_put_char(address, *at);
    }
    return true;
}

static bool run_mail(struct dialogue *dialogue, const char *arguments)
{
    const struct screen *screen = dialogue->visitor->screen;

    if (!dialogue->has_greeted && screen->config->postscreen_helo_required)
        return answer(dialogue, VERDICT(503, "5.5.1", "Error: send HELO/EHLO first"));
    if (dialogue->has_sender)
        return answer(dialogue, VERDICT(503, "5.5.1", "Error: nested MAIL command"));
    if (!take_address(arguments, "FROM:", &dialogue->sender))
        return answer(dialogue, VERDICT(501, "5.5.4", "Syntax: MAIL FROM:<address>"));
    dialogue->has_sender = true;
    return answer(dialogue, VERDICT(250, "2.1.0", "Ok"));
}

static bool run_rcpt(struct dialogue *dialogue, const char *arguments)
{
    struct verdict verdict = refusal(dialogue);
    struct str recipient = {0};

    if (!dialogue->has_sender)
        return answer(dialogue, VERDICT(503, "5.5.1", "Error: need MAIL command"));
    if (!take_address(arguments, "TO:", &recipient))
        return answer(dialogue, VERDICT(501, "5.5.4", "Syntax: RCPT TO:<address>"));
    int code = verdict.code;
    if (code >= 500 && dialogue->visitor->screen->config->soft_bounce) {
        code -= 100;
        verdict.status[0] = '4';
    }
    log_info("NOQUEUE: reject: RCPT from %s: %d %s %s; from=<%s>, to=<%s>, proto=%s, helo=<%s>", dialogue->visitor->name, code,
        verdict.status, verdict.text, str_text(&dialogue->sender), str_text(&recipient), dialogue->extended ? "ESMTP" : "SMTP",
        str_text(&dialogue->helo));
    str_free(&recipient);
    return answer(dialogue, verdict);
}

/* Who comes so far has ignored the answers to all its recipients. */
static bool refuse_content(struct dialogue *dialogue, const char *verb)
{
    log_info("%s without valid RCPT from %s", verb, dialogue->visitor->name);
    return answer_and_end(dialogue, dialogue->has_sender ? VERDICT(554, "5.5.1", "Error: no valid recipients")
                                                         : VERDICT(503, "5.5.1", "Error: need RCPT command"));
}

static bool run_data(struct dialogue *dialogue, const char *arguments)
{
    return refuse_content(dialogue, "DATA");
}

static bool run_bdat(struct dialogue *dialogue, const char *arguments)
{
    if (dialogue->withheld & KEYWORD_CHUNKING) {
        log_info("BDAT without valid RCPT from %s", dialogue->visitor->name);
        return answer_and_end(dialogue, VERDICT(502, "5.5.1", "Error: command not implemented"));
    }
    if (*arguments != '\0' && !dialogue->has_sender) {
        log_info("BDAT without valid RCPT from %s", dialogue->visitor->name);
        return answer_and_end(dialogue, VERDICT(554, "5.5.1", "Error: need MAIL command"));
    }
    if (*arguments != '\0')
        return refuse_content(dialogue, "BDAT");
    log_info("BDAT without valid RCPT from %s", dialogue->visitor->name);
    return answer_and_end(dialogue, VERDICT(501, "5.5.4", "Syntax: BDAT count [LAST]"));
}

/* --- the others --- */

static bool run_rset(struct dialogue *dialogue, const char *arguments)
{
    reset(dialogue);
    return answer(dialogue, VERDICT(250, "2.0.0", "Ok"));
}

static bool run_noop(struct dialogue *dialogue, const char *arguments)
{
    return answer(dialogue, VERDICT(250, "2.0.0", "Ok"));
}

static bool run_vrfy(struct dialogue *dialogue, const char *arguments)
{
    if (dialogue->visitor->screen->config->postscreen_disable_vrfy_command)
        return answer(dialogue, VERDICT(502, "5.5.1", "VRFY command is disabled"));
    if (*arguments == '\0')
        return answer(dialogue, VERDICT(501, "5.5.4", "Syntax: VRFY address"));
    return answer(dialogue, refusal(dialogue));
}

static bool run_etrn(struct dialogue *dialogue, const char *arguments)
{
    if (*arguments == '\0')
        return answer(dialogue, VERDICT(500, "", "Syntax: ETRN domain"));
    return answer(dialogue, VERDICT(458, "", "Unable to queue messages"));
}

static bool run_starttls(struct dialogue *dialogue, const char *arguments)
{
    if (*arguments != '\0')
        return answer(dialogue, VERDICT(501, "", "Syntax: EHLO hostname")); /* Postfix's very words */
    if (dialogue->is_encrypted)
        return answer(dialogue, VERDICT(554, "5.5.1", "Error: TLS already active"));
    if (dialogue->visitor->screen->tls == SCREEN_TLS_NONE || (dialogue->withheld & KEYWORD_STARTTLS))
        return answer(dialogue, VERDICT(502, "5.5.1", "Error: command not implemented"));
    dialogue_tls_start(dialogue);
    return true;
}

static bool run_quit(struct dialogue *dialogue, const char *arguments)
{
    return answer_and_end(dialogue, VERDICT(221, "2.0.0", "Bye"));
}

static const struct command commands[] = {
    { "HELO", run_helo, true },  { "EHLO", run_ehlo, true },  { "STARTTLS", run_starttls, true }, { "MAIL", run_mail, false },
    { "RCPT", run_rcpt, false }, { "DATA", run_data, false }, { "BDAT", run_bdat, false },        { "RSET", run_rset, false },
    { "NOOP", run_noop, true },  { "VRFY", run_vrfy, false }, { "ETRN", run_etrn, false },        { "QUIT", run_quit, true },
};

static const struct command *find(const char *verb)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (text_equal_nocase(commands[i].verb, verb))
            return &commands[i];
    }
    return NULL;
}

bool dialogue_command_is_known(const char *verb, const char **name)
{
    const struct command *command = find(verb);

    *name = command == NULL ? NULL : command->verb;
    return command != NULL;
}

bool dialogue_command_run(struct dialogue *dialogue, const char *verb, const char *arguments)
{
    const struct command *command = find(verb);

    if (command == NULL)
        return answer(dialogue, VERDICT(502, "5.5.2", "Error: command not recognized"));
    if (command->run == run_rcpt)
        dialogue->has_recipient_command = true;
    if (!command->in_plain_text && !dialogue->is_encrypted && dialogue->visitor->screen->tls == SCREEN_TLS_ENCRYPT)
        return answer(dialogue, VERDICT(530, "5.7.0", "Must issue a STARTTLS command first"));
    return command->run(dialogue, arguments);
}
