#include "delivery/pipe/pipe_status.h"

#include <string.h>
#include <sysexits.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/mail/reason.h"

static const struct {
    int exit_status;
    int code;
    const char *status;
    const char *text;
} meanings[] = {
    { EX_USAGE, 550, "5.3.0", "command line usage error" },
    { EX_DATAERR, 550, "5.6.0", "data format error" },
    { EX_NOINPUT, 550, "5.3.0", "cannot open input" },
    { EX_NOUSER, 550, "5.1.1", "user unknown" },
    { EX_NOHOST, 550, "5.1.2", "host name unknown" },
    { EX_UNAVAILABLE, 550, "5.3.0", "service unavailable" },
    { EX_SOFTWARE, 550, "5.3.0", "internal software error" },
    { EX_OSERR, 450, "4.3.0", "system resource problem" },
    { EX_OSFILE, 550, "5.3.0", "critical OS file missing" },
    { EX_CANTCREAT, 550, "5.2.0", "can't create user output file" },
    { EX_IOERR, 550, "5.3.0", "input/output error" },
    { EX_TEMPFAIL, 450, "4.3.0", "temporary failure" },
    { EX_PROTOCOL, 550, "5.5.0", "remote error in protocol" },
    { EX_NOPERM, 550, "5.7.0", "permission denied" },
    { EX_CONFIG, 550, "5.3.5", "local configuration error" },
};

/* Line ends become blanks, what isn't printable '_'. */
static const char *one_line(const char *output, size_t length, struct arena *arena)
{
    struct str text = {0};

    for (size_t i = 0; i < length;) {
        size_t end = i;
        while (end < length && output[end] != '\n' && output[end] != '\r')
            end++;
        text_put_printable(&text, output + i, end - i, '_', true);
        if (end < length)
            str_put_char(&text, ' ');
        i = end + 1;
    }
    const char *copy = arena_copy_text(arena, str_text(&text));
    str_free(&text);
    return copy;
}

static void judge_success(const char *output, const char *service, struct arena *arena, struct agent_result *result)
{
    const char *first = one_line(output, strcspn(output, "\n"), arena);

    result->code = 250;
    result->status = "2.0.0";
    result->why = *first == '\0' ? arena_printf(arena, "delivered via %s service", service)
                                 : arena_printf(arena, "delivered via %s service (%.100s)", service, first);
}

/* A status code at the start of the output says more than the exit status. */
static bool judge_output(const char *output, struct arena *arena, struct agent_result *result)
{
    int length = reason_status_length(output);

    if (length == 0)
        return false;
    bool temporary = output[0] == '4';
    result->code = temporary ? 450 : 550;
    result->status = output[0] == '2' ? "5.0.0" : arena_copy_bytes(arena, output, (size_t)length);
    output += length;
    output += strspn(output, " \t\r\n");
    result->why = one_line(output, strlen(output), arena);
    return true;
}

static void judge_exit(int status, const char *command, struct arena *arena, struct agent_result *result)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (meanings[i].exit_status == status) {
            result->code = meanings[i].code;
            result->status = meanings[i].status;
            result->why = meanings[i].text;
            return;
        }
    }
    result->code = 550;
    result->status = "5.3.0";
    result->why = arena_printf(arena, "Command died with status %d: \"%s\"", status, command);
}

void pipe_status_judge(enum pipe_command_end end, int status, const char *output, const char *command,
    const char *service, struct arena *arena, struct agent_result *result)
{
    result->code = 450;
    result->status = "4.3.0";
    switch (end) {
    case PIPE_COMMAND_FAILED:
        result->why = arena_printf(arena, "cannot run command: %s", strerror(status));
        return;
    case PIPE_COMMAND_NO_CONTENT:
        result->why = "unreadable mail queue entry";
        return;
    case PIPE_COMMAND_TIMED_OUT:
        result->code = 550;
        result->status = "5.3.0";
        result->why = arena_printf(arena, "Command time limit exceeded: \"%s\"", command);
        break;
    case PIPE_COMMAND_KILLED:
        result->why = arena_printf(arena, "Command died with signal %d: \"%s\"", status, command);
        break;
    case PIPE_COMMAND_EXITED:
        if (status == 0) {
            judge_success(output, service, arena, result);
            return;
        }
        if (judge_output(output, arena, result))
            return;
        judge_exit(status, command, arena, result);
        break;
    }
    if (*output != '\0')
        result->why = arena_printf(arena, "%s. Command output: %s", result->why, one_line(output, strlen(output), arena));
}
