#include "qmgr/intake/recipients.h"

void recipients_add(struct intake_message *message, const struct recipient *recipient)
{
    struct recipient *added = envelope_add_recipient(&message->envelope, message->arena, recipient);

    message->last_recipient = added->address;
    if (*added->original == '\0')
        added->original = added->address;
}

void recipients_add_bcc(struct intake_message *message, const char *address)
{
    envelope_add_recipient(&message->envelope, message->arena,
        &(struct recipient){ .address = address, .original = address, .dsn_orcpt = "", .notify = NOTIFY_NEVER });
}

void recipients_finish(struct intake_message *message)
{
}
