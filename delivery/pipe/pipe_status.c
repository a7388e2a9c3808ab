#include "delivery/pipe/pipe_status.h"

#include <string.h>

#include "util/base/text.h"
#include "util/mail/exit_status.h"

static void judge_success(const char *output, const char *service, struct arena *arena, struct agent_result *result)
{
    struct str line = {0};
    struct str first = {0};

    str_put(&line, output);
    while (line.length > 0 && text_is_space(line.data[line.length - 1]))
        str_truncate(&line, line.length - 1);
    for (size_t i = 0; i < line.length; i++) {
        if (text_is_space(line.data[i]))
            line.data[i] = ' ';
    }
    text_put_printable(&first, str_text(&line), line.length, '_', true);
    str_free(&line);
    result->code = 250;
    result->status = "2.0.0";
    result->why = first.length == 0
        ? arena_printf(arena, "delivered via %s service", service)
        : arena_printf(arena, "delivered via %s service (%.100s)", service, str_text(&first));
    str_free(&first);
}

static void take(const struct verdict *verdict, struct arena *arena, struct agent_result *result)
{
    result->code = verdict->code;
    result->status = arena_copy_text(arena, verdict->status);
    result->why = arena_copy_text(arena, verdict->text);
}

void pipe_status_judge(enum child_command_end end, int status, const struct str *output, const char *command,
    const char *service, struct arena *arena, struct agent_result *result)
{
    struct str why = {0};
    struct verdict verdict = VERDICT(450, "4.3.0", "");

    switch (end) {
    case CHILD_COMMAND_NOT_STARTED:
        str_printf(&why, "cannot run command: %s", strerror(status));
        verdict.text = str_text(&why);
        break;
    case CHILD_COMMAND_UNFED:
        verdict.text = "unreadable mail queue entry";
        break;
    case CHILD_COMMAND_TIMED_OUT:
        verdict = exit_status_timed_out(command, output, &why);
        break;
    case CHILD_COMMAND_ENDED:
        verdict = exit_status_verdict(status, command, output, &why);
        break;
    }
    if (verdict.code < 300)
        judge_success(str_text(output), service, arena, result);
    else
        take(&verdict, arena, result);
    if (verdict.code >= 400 && end == CHILD_COMMAND_ENDED) {
        struct str diagnostic = {0};
        exit_status_diagnostic(status, output, &diagnostic);
        result->diagnostic_type = "x-unix";
        result->diagnostic = arena_copy_text(arena, str_text(&diagnostic));
        str_free(&diagnostic);
    }
    str_free(&why);
}
