#include "qmgr/intake/state.h"

#include <string.h>

#include "util/base/text.h"

void state_fail(struct intake_message *message, struct verdict verdict)
{
    struct verdict *kept = &message->failure;

    if ((message->options & INTAKE_BOUNCE_REJECTED) && verdict_is_permanent(&verdict)) {
        kept = &message->refusal;
        message->checks_are_over = true;
        if (text_starts_with(verdict.text, "Error: "))
            verdict.text += strlen("Error: ");
    }
    if (kept->code != 0)
        return;
    *kept = verdict;
    kept->text = arena_copy_text(message->arena, verdict.text);
}

bool state_is_healthy(const struct intake_message *message)
{
    return message->failure.code == 0 && message->writer.error == 0;
}

bool state_is_refused(const struct intake_message *message)
{
    return message->refusal.code != 0 || !state_is_healthy(message);
}

void state_want_copy(struct intake_message *message, const char *named, uint32_t notify)
{
    struct wanted_copy *wanted = arena_allocate(message->arena, sizeof(*wanted));

    *wanted = (struct wanted_copy){ .address = arena_copy_text(message->arena, named), .notify = notify };
    struct wanted_copy **last = &message->copies;
    while (*last != NULL)
        last = &(*last)->next;
    *last = wanted;
}
