#include "delivery/smtp/smtp_generic.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/address_find.h"
#include "util/mail/address_list.h"
#include "util/mail/header.h"
#include "util/mail/rewrite.h"
#include "util/table/match_list.h"

enum { TOKENS_MAX = 10240 };

struct smtp_generic {
    struct address_find find;
    struct match_list *local_domains;
    const char *name; /* the parameter */
    const char *origin;
    const struct config *config;
    bool propagates; /* unmatched extensions go into the result */
};

static bool domain_is_local(void *context, const char *domain)
{
    struct smtp_generic *generic = context;

    return text_equal_nocase(domain, generic->origin)
        || match_list_domain(generic->local_domains, domain, NULL) == TABLE_FOUND;
}

struct smtp_generic *smtp_generic_open(const struct config *config, bool lmtp)
{
    struct smtp_generic *generic = memory_new(struct smtp_generic);

    generic->local_domains = match_list_open(config, "mydestination", config->mydestination);
    generic->name = lmtp ? "lmtp_generic_maps" : "smtp_generic_maps";
    generic->config = config;
    generic->origin = config->myorigin;
    generic->propagates = text_list_has_nocase(config->propagate_unmatched_extensions, "generic");
    generic->find = (struct address_find){
        .maps = maps_open(config, generic->name, config->smtp_generic_maps, TABLE_FOLD),
        .delimiters = config->recipient_delimiter,
        .owner_special = config->owner_request_special,
        .forms = FIND_ALL,
        .domain_is_local = domain_is_local,
        .context = generic,
    };
    return generic;
}

void smtp_generic_close(struct smtp_generic *generic)
{
    if (generic == NULL)
        return;
    maps_close(generic->find.maps);
    match_list_close(generic->local_domains);
    free(generic);
}

bool smtp_generic_is_empty(const struct smtp_generic *generic)
{
    return maps_is_empty(generic->find.maps);
}

/* An address from the table's right-hand side in standard form; "@domain" keeps the user. */
static void complete(const struct smtp_generic *generic, const char *address, const char *first, const char *extension,
    struct str *out)
{
    struct str result = {0};
    size_t local = address_local_length(first);

    str_clear(out);
    if (*first == '@') {
        str_put_bytes(&result, address, address_local_length(address));
        str_put(&result, first);
    } else if (generic->propagates && *extension != '\0') {
        str_put_bytes(&result, first, local);
        str_put(&result, extension);
        str_put(&result, first + local);
    } else {
        str_set(&result, first);
    }
    rewrite_address(generic->config, REWRITE_LOCAL, str_text(&result), out);
    str_free(&result);
}

/* What a look-up found, as one address. False: it isn't any. */
static bool take_value(const struct smtp_generic *generic, const char *address, const struct str *value,
    const char *extension, struct str *out)
{
    struct address_list *list = address_list_parse(str_text(value), value->length, TOKENS_MAX);
    const char *first = text_equal(str_text(value), "<>") ? "" : address_list_get(list, 0);

    if (first == NULL)
        log_warning("%s lookup of %s returns non-address result \"%s\"", generic->name, address, str_text(value));
    else if (address_list_get(list, 1) != NULL)
        log_warning("multi-valued %s result for %s", generic->name, address);
    if (first != NULL)
        complete(generic, address, first, extension, out);
    address_list_free(list);
    return first != NULL;
}

enum table_result smtp_generic_map(struct smtp_generic *generic, const char *address, struct str *out)
{
    struct str value = {0};
    struct str extension = {0};
    enum table_result found = TABLE_ABSENT;

    if (*address != '\0')
        found = address_find(&generic->find, address, &value, &extension, NULL);
    if (found == TABLE_FOUND && !take_value(generic, address, &value, str_text(&extension), out))
        found = TABLE_FAILED;
    str_free(&value);
    str_free(&extension);
    return found;
}

enum table_result smtp_generic_map_field(struct smtp_generic *generic, const char *field, struct str *out)
{
    size_t value;
    size_t name_length = header_name_length(field, strlen(field), &value);
    struct str mapped = {0};
    enum table_result result = TABLE_ABSENT;

    if (name_length == 0 || !(header_kind_find(field, name_length)->flags & (HEADER_SENDER | HEADER_RECIPIENT)))
        return TABLE_ABSENT;
    struct address_list *list = address_list_parse(field + value, strlen(field + value), TOKENS_MAX);
    const char *address;
    for (size_t i = 0; result != TABLE_FAILED && (address = address_list_get(list, i)) != NULL; i++) {
        result = smtp_generic_map(generic, address, &mapped);
        if (result == TABLE_FOUND)
            address_list_set(list, i, str_text(&mapped));
    }
    if (result != TABLE_FAILED)
        result = address_list_is_changed(list) ? TABLE_FOUND : TABLE_ABSENT;
    if (result == TABLE_FOUND) {
        str_clear(out);
        str_put_bytes(out, field, name_length);
        str_put(out, ": ");
        address_list_put(list, out);
    }
    address_list_free(list);
    str_free(&mapped);
    return result;
}
