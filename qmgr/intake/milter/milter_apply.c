#include "qmgr/intake/milter/milter_apply.h"

#include <string.h>

#include "util/log/log.h"

static void log_decision(const struct intake_message *message, const char *action, const char *stage, const char *text)
{
    struct str line = {0};

    str_printf(&line, "%s: %s: %s from %s: %s; from=<%s>", message->queue_id, action, stage,
        message->options & INTAKE_SMTP ? message->origin : "localhost[127.0.0.1]", text, message->envelope.sender);
    if (message->last_recipient != NULL)
        str_printf(&line, " to=<%s>", message->last_recipient);
    if (message->protocol != NULL)
        str_printf(&line, " proto=%s", message->protocol);
    if (message->helo != NULL)
        str_printf(&line, " helo=<%s>", message->helo);
    log_info("%s", str_text(&line));
    str_free(&line);
}

void milter_apply_hold(struct intake_message *message, const char *stage)
{
    if (message->envelope.flags & ENVELOPE_HOLD)
        return;
    message->envelope.flags |= ENVELOPE_HOLD;
    log_decision(message, "milter-hold", stage, "milter triggers HOLD action");
}

static void refuse(struct intake_message *message, const char *stage, struct verdict verdict)
{
    struct str text = {0};

    str_printf(&text, "%s%s%s", verdict.status, verdict.status[0] == '\0' || *verdict.text == '\0' ? "" : " ", verdict.text);
    log_decision(message, "milter-reject", stage, str_text(&text));
    str_free(&text);
    if (verdict.status[0] == '\0' && (message->options & INTAKE_BOUNCE_REJECTED))
        memcpy(verdict.status, "5.0.0", sizeof("5.0.0"));
    state_fail(message, verdict);
}

bool milter_apply(struct intake_message *message, const char *stage, const struct milter_decision *decision)
{
    switch (decision->outcome) {
    case MILTER_GO_ON:
        return true;
    case MILTER_HOLD:
        milter_apply_hold(message, stage);
        return true;
    case MILTER_DISCARD:
        message->discard = true;
        log_decision(message, "milter-discard", stage, "milter triggers DISCARD action");
        break;
    case MILTER_REFUSE:
        refuse(message, stage, decision->verdict);
        break;
    }
    return false;
}
