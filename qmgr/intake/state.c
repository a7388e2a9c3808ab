#include "qmgr/intake/state.h"

void state_fail(struct intake_message *message, struct verdict verdict)
{
    if (message->failure.code != 0)
        return;
    message->failure = verdict;
    message->failure.text = arena_copy_text(message->arena, verdict.text);
}

bool state_is_healthy(const struct intake_message *message)
{
    return message->failure.code == 0 && message->writer.error == 0;
}
