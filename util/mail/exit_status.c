#include "util/mail/exit_status.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "util/base/memory.h"
#include "util/base/text.h"

/* What the words of sysexits.h mean to a sender. */
static const struct { int exit; const char *status; const char *text; } meanings[] = {
    { EX_USAGE, "5.3.0", "command line usage error" },
    { EX_DATAERR, "5.6.0", "data format error" },
    { EX_NOINPUT, "5.3.0", "cannot open input" },
    { EX_NOUSER, "5.1.1", "user unknown" },
    { EX_NOHOST, "5.1.2", "host name unknown" },
    { EX_UNAVAILABLE, "5.3.0", "service unavailable" },
    { EX_SOFTWARE, "5.3.0", "internal software error" },
    { EX_OSERR, "4.3.0", "system resource problem" },
    { EX_OSFILE, "5.3.0", "critical OS file missing" },
    { EX_CANTCREAT, "5.2.0", "can't create user output file" },
    { EX_IOERR, "5.3.0", "input/output error" },
    { EX_TEMPFAIL, "4.3.0", "temporary failure" },
    { EX_PROTOCOL, "5.5.0", "remote error in protocol" },
    { EX_NOPERM, "5.7.0", "permission denied" },
    { EX_CONFIG, "5.3.5", "local configuration error" },
};

static size_t digits(const char *text)
{
    size_t count = 0;

    while (text_is_digit(text[count]))
        count++;
    return count;
}

/* The length of "4.x.y" or "5.x.y" at the start, followed by a blank or the end; 0: there is none. */
static size_t status_length(const char *text)
{
    if ((text[0] != '4' && text[0] != '5') || text[1] != '.')
        return 0;
    size_t subject = digits(text + 2);
    if (subject < 1 || subject > 3 || text[2 + subject] != '.')
        return 0;
    size_t detail = digits(text + 3 + subject);
    size_t length = 3 + subject + detail;
    if (detail < 1 || detail > 3 || (text[length] != '\0' && !text_is_space(text[length])))
        return 0;
    return length;
}

/* Line ends and tabs become blanks, what isn't printable '_': it is part of one line from here on. */
static void put_output(struct str *why, const char *output)
{
    while (*output != '\0') {
        size_t line = strcspn(output, "\r\n\t");
        text_put_printable(why, output, line, '_', true);
        output += line;
        if (*output != '\0') {
            str_put_char(why, ' ');
            output++;
        }
    }
}

static void put_labelled(struct str *why, const char *output)
{
    if (*output == '\0')
        return;
    str_put(why, ". Command output: ");
    put_output(why, output);
}

static void set(struct verdict *verdict, const char *status, size_t length)
{
    (void)snprintf(verdict->status, sizeof(verdict->status), "%.*s", (int)length, status); /* at most 9 */
    verdict->code = *status == '4' ? 450 : 550;
}

static void describe(struct verdict *verdict, int status, const char *command, struct str *why)
{
    if (WIFSIGNALED(status)) {
        set(verdict, "4.3.0", 5);
        str_printf(why, "Command died with signal %d: \"%s\"", WTERMSIG(status), command);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (WIFEXITED(status) && WEXITSTATUS(status) == meanings[i].exit) {
            set(verdict, meanings[i].status, 5);
            str_put(why, meanings[i].text);
            return;
        }
    }
    set(verdict, "5.3.0", 5);
    str_printf(why, "Command died with status %d: \"%s\"", WIFEXITED(status) ? WEXITSTATUS(status) : status, command);
}

struct verdict exit_status_verdict(int status, const char *command, const struct str *output, struct str *why)
{
    struct verdict verdict = VERDICT_OK;
    const char *said = str_text(output);

    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return verdict;
    size_t length = WIFEXITED(status) ? status_length(said) : 0;
    if (length > 0) { /* the command knows better */
        set(&verdict, said, length);
        said += length;
        said += strspn(said, " \t");
        put_output(why, said);
    } else {
        describe(&verdict, status, command, why);
        put_labelled(why, said);
    }
    verdict.text = str_text(why);
    return verdict;
}

void exit_status_diagnostic(int status, const struct str *output, struct str *out)
{
    const char *said = str_text(output);
    size_t length = status_length(said);

    if (length > 0)
        said += length + strspn(said + length, " \t");
    if (*said != '\0') {
        put_output(out, said);
        return;
    }
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : status;
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (code == meanings[i].exit) {
            str_put(out, meanings[i].text);
            return;
        }
    }
    str_printf(out, "unknown mail system error %d", code);
}

struct verdict exit_status_timed_out(const char *command, const struct str *output, struct str *why)
{
    str_printf(why, "Command time limit exceeded: \"%s\"", command);
    put_labelled(why, str_text(output));
    return VERDICT(550, "5.3.0", str_text(why));
}
