#include "smtpd/command.h"

#include <string.h>

#include "smtpd/encryption.h"
#include "smtpd/milter_stage.h"
#include "smtpd/notice.h"
#include "smtpd/session.h"
#include "util/base/escape.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

#define IN_TRANSACTION (PHASE_SENDER | PHASE_RECIPIENTS | PHASE_CHUNKS)

#define BLANKS " \t\r\v\f" /* around verbs: a carriage return alone ends no line */

enum {
    COMMAND_LAST = 1, /* the client must wait for the reply (RFC 2920 section 3.1) */
    COMMAND_JUNK = 2, /* does nothing for mail (smtpd_junk_command_limit) */
    COMMAND_IN_PLAIN = 4, /* allowed before STARTTLS where TLS is a must (RFC 3207 section 4) */
    COMMAND_BRINGS_BYTES = 8, /* they have to be read whatever is answered (RFC 3030 section 2) */
};

struct refusal {
    unsigned phases;
    struct verdict verdict;
};

struct command {
    const char *verb;
    const char *label; /* in the "disconnect from" line */
    struct verdict (*run)(struct session *session, const char *arguments);
    unsigned flags;
    struct refusal refusals[3]; /* where it isn't allowed, and what it is then told */
};

#define SAY_HELLO VERDICT_ROW(503, "5.5.1", "Error: send HELO/EHLO first")
#define VERDICT_ROW(code_, status_, text_) { .code = (code_), .status = status_, .text = (text_) }

/* In the order of the "disconnect from" line. */
static const struct command commands[] = {
    { "HELO", "helo", command_helo, COMMAND_LAST | COMMAND_IN_PLAIN, { { 0 } } },
    { "EHLO", "ehlo", command_ehlo, COMMAND_LAST | COMMAND_IN_PLAIN, { { 0 } } },
    { "XCLIENT", "xclient", command_xclient, COMMAND_LAST | COMMAND_IN_PLAIN,
      { { IN_TRANSACTION, VERDICT_ROW(503, "5.5.1", "Error: MAIL transaction in progress") } } },
    { "XFORWARD", "xforward", command_xforward, 0,
      { { IN_TRANSACTION, VERDICT_ROW(503, "5.5.1", "Error: MAIL transaction in progress") } } },
    { "STARTTLS", "starttls", command_starttls, COMMAND_IN_PLAIN, { { 0 } } },
    { "AUTH", "auth", command_auth, COMMAND_LAST, { { PHASE_SILENT, SAY_HELLO } } },
    { "MAIL", "mail", command_mail, 0,
      { { PHASE_SILENT, SAY_HELLO },
        { IN_TRANSACTION, VERDICT_ROW(503, "5.5.1", "Error: nested MAIL command") },
        { PHASE_LONE_CHUNKS, VERDICT_ROW(503, "5.5.1", "Error: MAIL after BDAT") } } },
    { "RCPT", "rcpt", command_rcpt, 0,
      { { PHASE_SILENT | PHASE_GREETED | PHASE_LONE_CHUNKS, VERDICT_ROW(503, "5.5.1", "Error: need MAIL command") },
        { PHASE_CHUNKS, VERDICT_ROW(503, "5.5.1", "Error: RCPT after BDAT") } } },
    { "DATA", "data", command_data, COMMAND_LAST,
      { { PHASE_SILENT | PHASE_GREETED, VERDICT_ROW(503, "5.5.1", "Error: need RCPT command") },
        { PHASE_SENDER, VERDICT_ROW(554, "5.5.1", "Error: no valid recipients") },
        { PHASE_CHUNKS | PHASE_LONE_CHUNKS, VERDICT_ROW(503, "5.5.1", "Error: DATA after BDAT") } } },
    { "BDAT", "bdat", command_bdat, COMMAND_BRINGS_BYTES, { { 0 } } }, /* judges the phase itself */
    { "RSET", "rset", command_rset, COMMAND_JUNK, { { 0 } } },
    { "NOOP", "noop", command_noop, COMMAND_LAST | COMMAND_JUNK | COMMAND_IN_PLAIN, { { 0 } } },
    { "VRFY", "vrfy", command_vrfy, COMMAND_LAST | COMMAND_JUNK, { { 0 } } },
    { "ETRN", "etrn", command_etrn, COMMAND_JUNK,
      { { PHASE_SILENT, VERDICT_ROW(503, "", "Error: send HELO/EHLO first") },
        { IN_TRANSACTION, VERDICT_ROW(503, "", "Error: MAIL transaction in progress") } } },
    { "QUIT", "quit", command_quit, COMMAND_LAST | COMMAND_IN_PLAIN, { { 0 } } },
};

#define UNKNOWN COUNT_OF(commands)
_Static_assert(UNKNOWN < COMMAND_KINDS, "one counter per command and one for unknown ones");

/* PHASE_* */
static unsigned phases_of(const struct session *session)
{
    unsigned start = session->helo == NULL && session->config->smtpd_helo_required ? PHASE_SILENT : PHASE_GREETED;

    switch (session->transaction.state) {
    case TRANSACTION_SENDER:
        return PHASE_SENDER;
    case TRANSACTION_RECIPIENTS:
        return PHASE_RECIPIENTS;
    case TRANSACTION_CHUNKS:
        return session->transaction.sender == NULL ? (start & PHASE_SILENT) | PHASE_LONE_CHUNKS : PHASE_CHUNKS;
    case TRANSACTION_NONE:
        break;
    }
    return start;
}

/* The first word of the line, in the call's memory; *arguments is what follows. */
static const char *split_verb(struct session *session, const char *line, const char **arguments)
{
    const char *start = line + strspn(line, BLANKS);
    size_t length = strcspn(start, BLANKS);

    *arguments = start + length + strspn(start + length, BLANKS);
    return arena_copy_bytes(session->call, start, length);
}

static size_t find_command(const char *verb)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (text_equal_nocase(commands[i].verb, verb))
            return i;
    }
    return UNKNOWN;
}

/* What the client sent before it could have seen the reply, as the log shows it. */
static void log_pipelining(const struct session *session)
{
    struct str shown = {0};
    size_t length;
    const char *bytes = stream_peek(session->stream, &length);

    escape_put(&shown, bytes, length < 100 ? length : 100);
    log_info("improper command pipelining after %s from %s: %s", session->where, session->client_text, str_text(&shown));
    str_free(&shown);
}

/* Whether the client sent ahead where it must not. Input that isn't in our buffer yet can't have been sent before a reply that
 * still is in it, so no system call is needed. */
static bool is_ahead(struct session *session, unsigned flags)
{
    size_t length;

    (void)stream_peek(session->stream, &length);
    if (length == 0 || (session->pipelining_offered && !(flags & COMMAND_LAST)))
        return false;
    if (!session->pipelined_early)
        log_pipelining(session);
    session->pipelined_early = true;
    return true;
}

static struct verdict break_off(struct session *session, const char *line)
{
    struct str text = {0};

    escape_put(&text, line, strlen(line));
    log_warning("non-SMTP command from %s: %.100s", session->client_text, str_text(&text));
    str_free(&text);
    session->quit = true;
    session->forgive = true;
    return VERDICT(221, "2.7.0", "Error: I can break rules, too. Goodbye.");
}

static struct verdict run_unknown(struct session *session, const char *verb, const char *line)
{
    size_t length = strlen(verb);
    if ((length > 1 && verb[length - 1] == ':')
        || match_list_text(session->service->forbidden_commands, verb) == TABLE_FOUND)
        return break_off(session, line);
    if (session->denied)
        return VERDICT(503, "5.7.0", arena_printf(session->call, "Error: access denied for %s", session->client_text));
    session->trouble |= TROUBLE_PROTOCOL;
    struct verdict verdict = milter_stage_unknown(session, verb);
    if (verdict.code != 0)
        return verdict;
    return VERDICT(500, "5.5.2", "Error: command not recognized");
}

static struct verdict refuse(struct session *session, const struct command *command, const char *arguments,
    struct verdict verdict)
{
    return command->flags & COMMAND_BRINGS_BYTES ? command_bdat_skip(session, arguments, verdict) : verdict;
}

static bool is_of_syntax(const struct verdict *verdict)
{
    return (verdict->code >= 500 && verdict->code <= 504) || verdict->code == 555;
}

/* What a command refuses without a policy behind it is the client's fault. */
static struct verdict run_and_blame(struct session *session, const struct command *command, const char *arguments)
{
    unsigned before = session->trouble;

    session->trouble = 0;
    session->trouble_is_over = session->begins_anew = false;
    struct verdict verdict = command->run(session, arguments);
    int64_t lines = command->run == command_xclient ? 0 : session->config->smtpd_history_flush_threshold; /* it's another one */
    if (session->begins_anew && notice_flush(session, before, lines))
        before = 0;
    if (session->trouble == 0 && is_of_syntax(&verdict) && command->run != command_data)
        session->trouble = TROUBLE_PROTOCOL;
    if (!session->trouble_is_over)
        session->trouble |= before;
    return verdict;
}

static struct verdict refuse_or_run(struct session *session, const struct command *command, const char *arguments)
{
    unsigned phases = phases_of(session);

    if (encryption_is_required(session->service->encryption) && session->tls == NULL && !(command->flags & COMMAND_IN_PLAIN)) {
        session->trouble |= TROUBLE_PROTOCOL;
        return refuse(session, command, arguments, VERDICT(530, "5.7.0", "Must issue a STARTTLS command first"));
    }
    for (size_t i = 0; i < COUNT_OF(command->refusals); i++) {
        if (command->refusals[i].phases & phases) {
            if (command->run != command_data) /* all recipients may have been refused */
                session->trouble |= TROUBLE_PROTOCOL;
            return command->refusals[i].verdict;
        }
    }
    return run_and_blame(session, command, arguments);
}

struct verdict command_run(struct session *session, const char *line)
{
    struct command_counts *counts = &session->counts;
    struct verdict verdict;
    const char *arguments;
    bool succeeded = false;

    const char *verb = split_verb(session, line, &arguments);
    if (*verb == '\0') {
        session->errors++;
        return VERDICT(500, "5.5.2", "Error: bad syntax");
    }
    if (session->config->smtputf8_enable && !text_is_utf8(line, strlen(line))) {
        session->errors++;
        return VERDICT(500, "5.5.2", "Error: bad UTF-8 syntax");
    }
    if (match_list_text(session->service->noop_commands, verb) == TABLE_FOUND)
        return VERDICT(250, "2.0.0", "Ok");
    size_t index = find_command(verb);
    const struct command *command = index == UNKNOWN ? NULL : &commands[index];
    session->where = command == NULL ? "UNKNOWN" : command->verb;
    session->forgive = false;
    if (command == NULL) {
        verdict = run_unknown(session, verb, line);
    } else if (is_ahead(session, command->flags) && session->config->smtpd_forbid_unauth_pipelining) {
        verdict = VERDICT(554, "5.5.0", "Error: SMTP protocol synchronization");
        session->quit = true;
    } else if (session->denied && command->run != command_quit) {
        verdict = refuse(session, command, arguments,
            VERDICT(503, "5.7.0", arena_printf(session->call, "Error: access denied for %s", session->client_text)));
    } else {
        verdict = refuse_or_run(session, command, arguments);
        succeeded = (verdict.code > 0 && verdict.code < 400) || session->forgive;
    }
    counts->total[index]++;
    counts->succeeded[index] += succeeded && !session->uncounted;
    session->uncounted = false;
    session->errors += !succeeded && !session->forgive;
    if (command != NULL && (command->flags & COMMAND_JUNK) && ++session->junk > session->config->smtpd_junk_command_limit)
        session->errors++;
    return verdict;
}

static void put_count(const char *label, unsigned succeeded, unsigned total, struct str *out)
{
    str_put_char(out, ' ');
    str_put(out, label);
    str_put_char(out, '=');
    if (succeeded != total) {
        str_put_number(out, succeeded);
        str_put_char(out, '/');
    }
    str_put_number(out, total);
}

void command_put_counts(const struct command_counts *counts, struct str *out)
{
    unsigned succeeded = 0;
    unsigned total = 0;

    for (size_t i = 0; i <= UNKNOWN; i++) {
        if (counts->total[i] > 0)
            put_count(i == UNKNOWN ? "unknown" : commands[i].label, counts->succeeded[i], counts->total[i], out);
        succeeded += counts->succeeded[i];
        total += counts->total[i];
    }
    if (total == 0)
        str_put(out, " commands=0/0");
    else
        put_count("commands", succeeded, total, out);
}
