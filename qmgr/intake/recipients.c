#include "qmgr/intake/recipients.h"

#include <string.h>
#include <strings.h>

#include "qmgr/intake/mapping.h"
#include "util/base/text.h"
#include "util/mail/rewrite.h"
#include "util/mail/xtext.h"

/* --- each one once --- */

static uint64_t hash_text(uint64_t hash, const char *text)
{
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)text_lower_char(*text)) * UINT64_C(1099511628211);
    return (hash ^ 0xFF) * UINT64_C(1099511628211);
}

static uint64_t hash_recipient(const struct recipient *recipient, uint64_t seed)
{
    return hash_text(hash_text(seed, recipient->address), recipient->original) ^ recipient->notify;
}

static bool is_same(const struct recipient *left, const struct recipient *right)
{
    return left->notify == right->notify && text_equal_nocase(left->address, right->address)
        && text_equal_nocase(left->original, right->original)
        && (*left->original == '\0' || text_equal_nocase(left->dsn_orcpt, right->dsn_orcpt));
}

static size_t find_slot(const struct seen_recipients *seen, const struct recipient *recipient, uint64_t seed)
{
    size_t slot = hash_recipient(recipient, seed) & (seen->size - 1);

    while (seen->slots[slot] != NULL && !is_same(seen->slots[slot], recipient))
        slot = (slot + 1) & (seen->size - 1);
    return slot;
}

static void grow_seen(struct intake_message *message, uint64_t seed)
{
    struct seen_recipients *seen = &message->seen;
    struct seen_recipients bigger = { .size = seen->size == 0 ? 16 : seen->size * 2, .count = seen->count };

    bigger.slots = arena_allocate(message->arena, bigger.size * sizeof(*bigger.slots));
    for (size_t i = 0; i < seen->size; i++) {
        if (seen->slots[i] != NULL)
            bigger.slots[find_slot(&bigger, seen->slots[i], seed)] = seen->slots[i];
    }
    *seen = bigger;
}

/* Whether the recipient is new; remembers it, as far as duplicate_filter_limit goes. */
static bool is_first(struct intake_message *message, const struct recipient *recipient)
{
    struct seen_recipients *seen = &message->seen;
    uint64_t seed = (uint64_t)message->envelope.arrival_us; /* so that a client can't choose colliding names */

    if (seen->count * 2 >= seen->size)
        grow_seen(message, seed);
    size_t slot = find_slot(seen, recipient, seed);
    if (seen->slots[slot] != NULL)
        return false;
    int64_t limit = message->intake->config->duplicate_filter_limit;
    if (limit <= 0 || seen->count < (size_t)limit) {
        struct recipient *kept = arena_allocate(message->arena, sizeof(*kept));
        *kept = *recipient;
        seen->slots[slot] = kept;
        seen->count++;
    }
    return true;
}

/* --- adding --- */

static void take(struct intake_message *message, const struct recipient *recipient, const char *address)
{
    struct recipient final = *recipient;

    if (recipient->expanded) {
        envelope_add_recipient(&message->envelope, message->arena, recipient);
        return;
    }

    final.address = arena_copy_text(message->arena, address);
    if (!message->intake->config->enable_original_recipient)
        final.original = ""; /* makes no difference then; the log tells it all the same */
    bool first = is_first(message, &final);
    final.original = recipient->original;
    if (first)
        envelope_add_recipient(&message->envelope, message->arena, &final);
}

/* What the bounce and the next hop are told as the original recipient: SMTP clients named it themselves (smtpd puts it in),
 * for others it is the address in standard form. */
static const char *original_recipient(struct intake_message *message, const char *standard)
{
    struct str wire = {0};

    str_put(&wire, text_is_ascii(standard) ? "rfc822;" : "utf-8;");
    if (text_is_ascii(standard))
        xtext_put(&wire, standard); /* without quotes, as Postfix does it */
    else
        xtext_put_utf8(&wire, standard);
    const char *kept = arena_copy_text(message->arena, str_text(&wire));
    str_free(&wire);
    return kept;
}

void recipients_keep(struct intake_message *message, const struct recipient *recipient)
{
    struct recipient kept = *recipient;

    kept.address = arena_copy_text(message->arena, recipient->address);
    kept.original = arena_copy_text(message->arena, recipient->original == NULL ? "" : recipient->original);
    kept.dsn_orcpt = arena_copy_text(message->arena, recipient->dsn_orcpt == NULL ? "" : recipient->dsn_orcpt);
    envelope_add_recipient(&message->envelope, message->arena, &kept);
}

/* For filters of mail that didn't come by SMTP. */
static void keep_name(struct intake_message *message, const char *address)
{
    if (!message->keeps_named)
        return;
    if ((message->named_count & (message->named_count - 1)) == 0) { /* full: sizes are powers of two */
        size_t capacity = message->named_count == 0 ? 1 : message->named_count * 2;
        const char **more = arena_allocate(message->arena, capacity * sizeof(*more));
        if (message->named_count > 0)
            memcpy(more, message->named, message->named_count * sizeof(*more));
        message->named = more;
    }
    message->named[message->named_count++] = address;
}

void recipients_add(struct intake_message *message, const struct recipient *recipient)
{
    struct arena *arena = message->arena;
    struct str address = {0};
    struct str copies = {0};
    const char *named = *recipient->address == '\0' ? message->intake->config->empty_address_recipient : recipient->address;
    struct recipient whole = *recipient;

    if (!state_is_healthy(message))
        return;
    whole.original = arena_copy_text(arena,
        recipient->original != NULL && *recipient->original != '\0' ? recipient->original : recipient->address);
    whole.dsn_orcpt = recipient->dsn_orcpt == NULL ? "" : arena_copy_text(arena, recipient->dsn_orcpt);
    if (*recipient->address == '\0')
        whole.original = ""; /* nobody named the one who gets it */
    if (*whole.dsn_orcpt == '\0' && !(message->options & INTAKE_SMTP)) {
        rewrite_address(message->intake->rewrite, REWRITE_LOCAL, named, &address);
        whole.dsn_orcpt = original_recipient(message, str_text(&address));
    }
    mapping_rewrite(message, MAPPING_ENVELOPE_RECIPIENT, named, &address);
    if (address.length == 0)
        mapping_rewrite(message, MAPPING_ENVELOPE_RECIPIENT, message->intake->config->empty_address_recipient, &address);
    message->last_recipient = arena_copy_text(arena, str_text(&address));
    keep_name(message, message->last_recipient);
    mapping_expand(message, &whole, message->last_recipient, take);
    mapping_recipient_bcc(message, message->last_recipient, &copies);
    if (copies.length > 0)
        recipients_add_copy(message, str_text(&copies), NOTIFY_NEVER);
    str_free(&copies);
    str_free(&address);
}

void recipients_add_copy(struct intake_message *message, const char *named, uint32_t notify)
{
    struct str address = {0};
    struct recipient copy = { .dsn_orcpt = "", .notify = notify };

    mapping_rewrite(message, MAPPING_ENVELOPE_RECIPIENT, named, &address);
    copy.original = arena_copy_text(message->arena, str_text(&address));
    mapping_expand(message, &copy, str_text(&address), take);
    str_free(&address);
}

/* All of a redirected message goes to one place; the recipient that sorts first lends its original name and notification wishes,
 * as with Postfix. */
static void redirect(struct intake_message *message)
{
    struct envelope *envelope = &message->envelope;

    if (envelope->recipient_count == 0)
        return;
    for (size_t i = 1; i < envelope->recipient_count; i++) {
        if (envelope->recipients[0].expanded
            || strcasecmp(envelope->recipients[i].address, envelope->recipients[0].address) < 0)
            envelope->recipients[0] = envelope->recipients[i];
    }
    envelope->recipients[0].address = message->redirect_to;
    envelope->recipient_count = 1;
}

void recipients_finish(struct intake_message *message)
{
    struct str copy = {0};

    if (*message->intake->config->always_bcc != '\0' && mapping_wants_bcc(message))
        recipients_add_copy(message, message->intake->config->always_bcc, NOTIFY_NEVER);
    mapping_sender_bcc(message, &copy);
    if (copy.length > 0)
        recipients_add_copy(message, str_text(&copy), NOTIFY_NEVER);
    str_free(&copy);
    for (const struct wanted_copy *wanted = message->copies; wanted != NULL; wanted = wanted->next)
        recipients_add_copy(message, wanted->address, wanted->notify);
    if (message->redirect_to != NULL)
        redirect(message);
}
