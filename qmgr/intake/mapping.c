#include "qmgr/intake/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/address_find.h"
#include "util/mail/address_list.h"
#include "util/mail/rewrite.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"

enum { CANONICAL_DEPTH_MAX = 10, MASQUERADE_WORDS_MAX = 1000 };

struct mapping_table {
    const char *name; /* the parameter's, for log lines */
    struct maps *maps;
    unsigned classes; /* enum mapping_class */
    bool propagate;   /* an unmatched extension is put into the result */
};

struct mapping {
    const struct config *config;
    const struct config *rewrite;
    struct mapping_table sender_canonical;
    struct mapping_table recipient_canonical;
    struct mapping_table canonical;
    struct mapping_table virtual_alias;
    struct mapping_table sender_bcc;
    struct mapping_table recipient_bcc;
    unsigned masquerade_classes;
    struct match_list *masquerade_exceptions;
    struct match_list *own_domains;
};

static unsigned parse_classes(const char *list)
{
    return (text_list_has(list, "envelope_sender") ? MAPPING_ENVELOPE_SENDER : 0u)
        | (text_list_has(list, "envelope_recipient") ? MAPPING_ENVELOPE_RECIPIENT : 0u)
        | (text_list_has(list, "header_sender") ? MAPPING_HEADER_SENDER : 0u)
        | (text_list_has(list, "header_recipient") ? MAPPING_HEADER_RECIPIENT : 0u);
}

static struct mapping_table open_table(const struct config *config, const char *name, const char *list, unsigned classes,
    const char *propagation)
{
    return (struct mapping_table){
        .name = name,
        .maps = maps_open(config, name, list, TABLE_FOLD | (config->smtputf8_enable ? TABLE_UTF8 : 0u)),
        .classes = classes,
        .propagate = propagation != NULL && text_list_has(config->propagate_unmatched_extensions, propagation),
    };
}

struct mapping *mapping_open(const struct config *config, const struct config *rewrite)
{
    struct mapping *mapping = memory_new(struct mapping);
    struct str own = {0};

    mapping->config = config;
    mapping->rewrite = rewrite;
    mapping->sender_canonical = open_table(config, "sender_canonical_maps", config->sender_canonical_maps,
        parse_classes(config->sender_canonical_classes), "canonical");
    mapping->recipient_canonical = open_table(config, "recipient_canonical_maps", config->recipient_canonical_maps,
        parse_classes(config->recipient_canonical_classes), "canonical");
    mapping->canonical = open_table(config, "canonical_maps", config->canonical_maps,
        parse_classes(config->canonical_classes), "canonical");
    mapping->virtual_alias = open_table(config, "virtual_alias_maps", config->virtual_alias_maps, 0, "virtual");
    mapping->sender_bcc = open_table(config, "sender_bcc_maps", config->sender_bcc_maps, 0, NULL);
    mapping->recipient_bcc = open_table(config, "recipient_bcc_maps", config->recipient_bcc_maps, 0, NULL);
    mapping->masquerade_classes =
        *config->masquerade_domains == '\0' ? 0 : parse_classes(config->masquerade_classes);
    mapping->masquerade_exceptions =
        match_list_open(config, "masquerade_exceptions", config->masquerade_exceptions);
    str_printf(&own, "%s, %s", config->myorigin, config->mydestination);
    mapping->own_domains = match_list_open(config, "mydestination", str_text(&own));
    str_free(&own);
    return mapping;
}

void mapping_close(struct mapping *mapping)
{
    if (mapping == NULL)
        return;
    maps_close(mapping->sender_canonical.maps);
    maps_close(mapping->recipient_canonical.maps);
    maps_close(mapping->canonical.maps);
    maps_close(mapping->virtual_alias.maps);
    maps_close(mapping->sender_bcc.maps);
    maps_close(mapping->recipient_bcc.maps);
    match_list_close(mapping->masquerade_exceptions);
    match_list_close(mapping->own_domains);
    free(mapping);
}

bool mapping_has_changed(struct mapping *mapping)
{
    return maps_have_changed(mapping->sender_canonical.maps) || maps_have_changed(mapping->recipient_canonical.maps)
        || maps_have_changed(mapping->canonical.maps) || maps_have_changed(mapping->virtual_alias.maps)
        || maps_have_changed(mapping->sender_bcc.maps) || maps_have_changed(mapping->recipient_bcc.maps)
        || match_list_has_changed(mapping->masquerade_exceptions) || match_list_has_changed(mapping->own_domains);
}

static bool domain_is_own(void *context, const char *domain)
{
    struct mapping *mapping = context;

    return match_list_domain(mapping->own_domains, domain, NULL) == TABLE_FOUND;
}

static void fail_lookup(struct intake_message *message, const struct mapping_table *table, const char *address)
{
    const struct mapping *mapping = message->intake->mapping;
    bool is_bcc = table == &mapping->sender_bcc || table == &mapping->recipient_bcc;

    log_warning("%s: %s map lookup problem%s%s -- message not accepted, try again later", message->queue_id, table->name,
        is_bcc ? "" : " for ", is_bcc ? "" : address);
    state_fail(message, VERDICT(451, "4.3.0", "Error: queue file write error"));
}

static void fail_expansion(struct intake_message *message, const struct mapping_table *table, const char *what,
    const char *address)
{
    log_warning("%s: unreasonable %s map %s for %s -- message not accepted, try again later", message->queue_id,
        table->name, what, address);
    state_fail(message, VERDICT(451, "4.6.0", "Alias expansion error"));
}

/* One look-up. False: absent, or failed (then the message is, too). */
static bool look_up(struct intake_message *message, const struct mapping_table *table, const char *address,
    struct str *value, struct str *extension)
{
    struct mapping *mapping = message->intake->mapping;
    const char *where;

    if (maps_is_empty(table->maps) || *address == '\0')
        return false;
    struct address_find find = { .maps = table->maps, .delimiters = mapping->config->recipient_delimiter,
        .owner_special = mapping->config->owner_request_special, .forms = FIND_ALL, .domain_is_local = domain_is_own,
        .context = mapping };
    switch (address_find(&find, address, value, extension, &where)) {
    case TABLE_FOUND:
        return true;
    case TABLE_ABSENT:
        return false;
    case TABLE_FAILED:
        fail_lookup(message, table, address);
        return false;
    }
    return false;
}

/* An address from a table's right-hand side in standard form: "@domain" keeps the local part that was looked up, an unmatched
 * extension is put back. */
static void complete_result(struct intake_message *message, const struct mapping_table *table, const char *key,
    const char *result, const char *extension, struct str *out)
{
    struct str address = {0};

    if (result[0] == '@' && result[1] != '\0') {
        str_put_bytes(&address, key, address_local_length(key));
        str_put(&address, result);
    } else if (table->propagate && *extension != '\0') {
        size_t local = address_local_length(result);
        str_put_bytes(&address, result, local);
        str_put(&address, extension);
        str_put(&address, result + local);
    } else {
        str_put(&address, result);
    }
    rewrite_address(message->intake->rewrite, REWRITE_LOCAL, str_text(&address), out);
    str_free(&address);
}

static bool warn_of_result(const struct mapping_table *table, const char *address, const char *value)
{
    log_warning("%s lookup of %s returns non-address result \"%s\"", table->name, address, value);
    return false;
}

/* One step of a canonical table. False: nothing more to do. */
static bool canonical_step(struct intake_message *message, const struct mapping_table *table, struct str *address)
{
    struct str value = {0};
    struct str extension = {0};
    struct str result = {0};
    bool again = false;

    if (look_up(message, table, str_text(address), &value, &extension)) {
        struct address_list *list = address_list_parse(str_text(&value), value.length,
            (size_t)message->intake->config->header_address_token_limit);
        const char *first = address_list_get(list, 0);
        if (first == NULL && strchr(str_text(&value), '<') == NULL) { /* "<>" is the null address */
            warn_of_result(table, str_text(address), str_text(&value));
            fail_lookup(message, table, str_text(address));
        } else {
            if (address_list_get(list, 1) != NULL)
                log_warning("%s: multi-valued %s entry for %s", message->queue_id, table->name, str_text(address));
            if (first != NULL)
                complete_result(message, table, str_text(address), first, str_text(&extension), &result);
            again = result.length > 0 && !text_equal_nocase(str_text(&result), str_text(address));
            str_set(address, str_text(&result));
        }
        address_list_free(list);
    }
    str_free(&value);
    str_free(&extension);
    str_free(&result);
    return again;
}

static void apply_canonical(struct intake_message *message, const struct mapping_table *table,
    enum mapping_class class, struct str *address)
{
    if (!(table->classes & class) || maps_is_empty(table->maps))
        return;
    for (int depth = 1; canonical_step(message, table, address); depth++) {
        if (depth == CANONICAL_DEPTH_MAX) { /* a loop: Postfix, too, takes the message, whatever it says */
            log_warning("%s: unreasonable %s map nesting for %s -- message not accepted, try again later",
                message->queue_id, table->name, str_text(address));
            return;
        }
    }
}

/* Whether an address of that local part is left alone; if that can't be found out, the message fails. */
static bool is_masquerade_exception(struct intake_message *message, const struct str *address)
{
    struct match_list *exceptions = message->intake->mapping->masquerade_exceptions;
    struct str user = {0};

    if (match_list_is_empty(exceptions))
        return false;
    str_put_bytes(&user, address->data, address_local_length(str_text(address)));
    enum table_result result = match_list_text(exceptions, str_text(&user));
    str_free(&user);
    if (result == TABLE_FAILED)
        state_fail(message, VERDICT(451, "4.3.0", "Error: queue file write error"));
    return result != TABLE_ABSENT;
}

/* Strips a subdomain of one of masquerade_domains ("!name" keeps it and what lies below). */
static void masquerade(struct intake_message *message, struct str *address)
{
    struct mapping *mapping = message->intake->mapping;
    const char *domain = address_domain(str_text(address));
    const char *cursor = mapping->config->masquerade_domains;
    const char *word;
    size_t length;

    if (domain == NULL || *domain == '\0' || *cursor == '\0' || is_masquerade_exception(message, address))
        return;
    size_t domain_length = strlen(domain);
    for (int i = 0; i < MASQUERADE_WORDS_MAX && text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &length); i++) {
        bool keep = word[0] == '!';
        const char *parent = keep ? word + 1 : word;
        size_t parent_length = keep ? length - 1 : length;
        if (domain_length < parent_length || parent_length == 0
            || strncasecmp(domain + domain_length - parent_length, parent, parent_length) != 0)
            continue;
        if (domain_length > parent_length && domain[domain_length - parent_length - 1] != '.')
            continue;
        if (keep || domain_length == parent_length)
            return;
        str_truncate(address, address_local_length(str_text(address)) + 1);
        str_put_bytes(address, parent, parent_length);
        return;
    }
}

bool mapping_rewrites_headers(const struct intake_message *message)
{
    return (message->options & INTAKE_LOCAL_REWRITE) || *message->intake->rewrite->remote_header_rewrite_domain != '\0';
}

static enum rewrite_context header_context(const struct intake_message *message)
{
    return message->options & INTAKE_LOCAL_REWRITE ? REWRITE_LOCAL : REWRITE_REMOTE;
}

void mapping_complete(const struct intake_message *message, struct str *local)
{
    const struct config *rewrite = message->intake->mapping->rewrite;
    const char *domain =
        header_context(message) == REWRITE_LOCAL ? rewrite->myorigin : rewrite->remote_header_rewrite_domain;

    if (!rewrite->append_at_myorigin || *domain == '\0')
        return;
    str_put_char(local, '@');
    str_put(local, domain);
}

void mapping_rewrite(struct intake_message *message, enum mapping_class class, const char *address, struct str *out)
{
    struct mapping *mapping = message->intake->mapping;
    bool envelope = class & (MAPPING_ENVELOPE_SENDER | MAPPING_ENVELOPE_RECIPIENT);
    bool sender = class & (MAPPING_ENVELOPE_SENDER | MAPPING_HEADER_SENDER);

    /* Envelope addresses are always completed by our own domain. */
    rewrite_address(mapping->rewrite, envelope ? REWRITE_LOCAL : header_context(message), address, out);
    if ((message->options & INTAKE_NO_ADDRESS_MAPPINGS) || out->length == 0)
        return;
    apply_canonical(message, sender ? &mapping->sender_canonical : &mapping->recipient_canonical, class, out);
    apply_canonical(message, &mapping->canonical, class, out);
    if (mapping->masquerade_classes & class)
        masquerade(message, out);
}

static void note_utf8(struct intake_message *message, const char *address)
{
    if (!text_is_ascii(address))
        message->envelope.flags |= ENVELOPE_UTF8_ADDRESS;
}

void mapping_sender(struct intake_message *message, const char *sender)
{
    struct str result = {0};

    if (*sender != '\0')
        mapping_rewrite(message, MAPPING_ENVELOPE_SENDER, sender, &result);
    note_utf8(message, str_text(&result));
    message->envelope.sender = arena_copy_text(message->arena, str_text(&result));
    str_free(&result);
}

bool mapping_wants_bcc(const struct intake_message *message)
{
    return !(message->options & (INTAKE_NO_ADDRESS_MAPPINGS | INTAKE_NO_BCC));
}

static void put_bcc(struct intake_message *message, const struct mapping_table *table, const char *address,
    struct str *out)
{
    (void)look_up(message, table, address, out, NULL); /* a failure is the message's by now */
}

void mapping_sender_bcc(struct intake_message *message, struct str *out)
{
    struct mapping *mapping = message->intake->mapping;

    if (!mapping_wants_bcc(message))
        return;
    put_bcc(message, &mapping->sender_bcc, message->envelope.sender, out);
}

void mapping_recipient_bcc(struct intake_message *message, const char *recipient, struct str *out)
{
    if (mapping_wants_bcc(message))
        put_bcc(message, &message->intake->mapping->recipient_bcc, recipient, out);
}

/* --- virtual aliases --- */

struct expanded {
    const char *address;
    int64_t depth;
    bool final;
};

struct expansion {
    struct intake_message *message;
    const char *original;
    struct expanded *items;
    size_t count;
    size_t capacity;
};

static bool add_expanded(struct expansion *expansion, struct expanded item)
{
    struct intake_message *message = expansion->message;
    const struct mapping_table *table = &message->intake->mapping->virtual_alias;

    if (expansion->count >= (size_t)message->intake->config->virtual_alias_expansion_limit) {
        fail_expansion(message, table, "expansion size", expansion->original);
        return false;
    }
    if (expansion->count == expansion->capacity) {
        expansion->capacity = expansion->capacity == 0 ? 8 : expansion->capacity * 2;
        expansion->items = memory_resize(expansion->items, expansion->capacity, sizeof(*expansion->items));
    }
    expansion->items[expansion->count++] = item;
    return true;
}

static bool address_is_too_long(struct intake_message *message, const char *address)
{
    if (strlen(address) <= (size_t)message->intake->config->virtual_alias_address_length_limit)
        return false;
    log_warning("%s: unreasonable virtual_alias_maps result %.300s... -- message not accepted, try again later",
        message->queue_id, address);
    state_fail(message, VERDICT(451, "4.6.0", "Alias expansion error"));
    return true;
}

/* Puts the results of one look-up in place of items[at]. */
static bool put_results(struct expansion *expansion, size_t at, const struct str *value, const char *extension)
{
    struct intake_message *message = expansion->message;
    const struct mapping_table *table = &message->intake->mapping->virtual_alias;
    struct expanded from = expansion->items[at];
    struct str result = {0};
    struct address_list *list =
        address_list_parse(str_text(value), value->length, (size_t)message->intake->config->virtual_alias_expansion_limit * 16 + 64);
    const char *each = text_equal(str_text(value), "<>") ? "" : address_list_get(list, 0); /* "<>": empty_address_recipient */
    bool good = each != NULL;

    if (!good) {
        warn_of_result(table, from.address, str_text(value));
        fail_lookup(message, table, from.address);
    } else if (from.depth + 1 >= message->intake->config->virtual_alias_recursion_limit) {
        fail_expansion(message, table, "nesting", expansion->original);
        good = false;
    }
    for (size_t i = 0; good && each != NULL; each = address_list_get(list, ++i)) {
        complete_result(message, table, from.address, each, extension, &result);
        struct expanded item = { arena_copy_text(message->arena, str_text(&result)), from.depth + 1,
            text_equal_nocase(str_text(&result), from.address) };
        good = !address_is_too_long(message, item.address);
        if (good && i == 0)
            expansion->items[at] = item;
        else if (good)
            good = add_expanded(expansion, item);
    }
    address_list_free(list);
    str_free(&result);
    return good;
}

static bool expand_all(struct expansion *expansion)
{
    struct intake_message *message = expansion->message;
    const struct mapping_table *table = &message->intake->mapping->virtual_alias;
    struct str value = {0};
    struct str extension = {0};
    bool good = true;

    for (size_t at = 0; good && at < expansion->count;) {
        str_clear(&value);
        str_clear(&extension);
        if (!expansion->items[at].final && look_up(message, table, expansion->items[at].address, &value, &extension)) {
            good = put_results(expansion, at, &value, str_text(&extension));
        } else {
            good = state_is_healthy(message);
            at++;
        }
    }
    str_free(&value);
    str_free(&extension);
    return good;
}

/* An alias is done once it is expanded: a sender who wants to hear of success hears of that, not of the members (RFC 3461
 * section 5.2.7.3). */
static void take_members(struct expansion *expansion, const struct recipient *recipient, mapping_take *take)
{
    struct intake_message *message = expansion->message;
    bool expanded = expansion->count > 1 || !text_equal(expansion->items[0].address, expansion->original);
    struct recipient member = *recipient;

    if (expanded && (recipient->notify & NOTIFY_SUCCESS)) {
        struct recipient alias = *recipient;
        alias.address = arena_copy_text(message->arena, expansion->original);
        alias.notify = NOTIFY_SUCCESS;
        alias.done = alias.expanded = true;
        take(message, &alias, alias.address);
        member.notify &= ~(uint32_t)NOTIFY_SUCCESS;
        if (member.notify == 0)
            member.notify = NOTIFY_NEVER;
    }
    for (size_t i = 0; i < expansion->count; i++) {
        note_utf8(message, expansion->items[i].address);
        take(message, &member, expansion->items[i].address);
    }
}

void mapping_expand(struct intake_message *message, const struct recipient *recipient, const char *address,
    mapping_take *take)
{
    struct mapping *mapping = message->intake->mapping;

    if ((message->options & INTAKE_NO_ADDRESS_MAPPINGS) || maps_is_empty(mapping->virtual_alias.maps)) {
        note_utf8(message, address);
        take(message, recipient, address);
        return;
    }
    struct expansion expansion = { .message = message, .original = address };
    if (add_expanded(&expansion, (struct expanded){ arena_copy_text(message->arena, address), 0, false })
        && expand_all(&expansion))
        take_members(&expansion, recipient, take);
    free(expansion.items);
}
