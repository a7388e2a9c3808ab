#include "qmgr/intake/milter/milter_envelope.h"

#include <string.h>

#include "qmgr/intake/mapping.h"
#include "qmgr/intake/recipients.h"
#include "util/base/text.h"

/* A recipient goes by the name under which it came. It stays in the file, marked done, so that counts in the log agree with
 * what was received. */
static void delete_recipient(struct intake_message *message, const char *address)
{
    struct envelope *envelope = &message->envelope;

    for (size_t i = 0; i < envelope->recipient_count; i++) {
        struct recipient *recipient = &envelope->recipients[i];
        const char *name = *recipient->original != '\0' ? recipient->original : recipient->address;
        if (text_equal(name, address))
            recipient->done = true;
    }
}

/* NOTIFY= and ORCPT= of an added recipient; ENVID= and RET= of a sender. */
static uint32_t parse_notify(const char *parameters)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } words[] = {
        { "NEVER", NOTIFY_NEVER }, { "SUCCESS", NOTIFY_SUCCESS }, { "FAILURE", NOTIFY_FAILURE }, { "DELAY", NOTIFY_DELAY },
    };
    const char *word;
    size_t length;
    uint32_t bits = 0;

    while (text_next_word(&parameters, " \t", &word, &length)) {
        if (!text_starts_with_nocase(word, "NOTIFY="))
            continue;
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            for (size_t at = strlen("NOTIFY="); at < length; at++) {
                if (text_starts_with_nocase(word + at, words[i].name))
                    bits |= words[i].bit;
            }
        }
    }
    return bits;
}

void milter_envelope_change(struct intake_message *message)
{
    for (const struct milter_envelope_change *each = message->milter_changes; each != NULL; each = each->next) {
        if (each->kind == MILTER_ANSWER_CHANGE_SENDER)
            mapping_sender(message, each->address);
        else if (each->kind == MILTER_ANSWER_DELETE_RECIPIENT)
            delete_recipient(message, each->address);
        else
            recipients_add_copy(message, each->address, parse_notify(each->parameters));
    }
}
