#include "util/mail/address_find.h"

#include <string.h>

#include "util/mail/address.h"

/* One look-up in progress. */
struct search {
    const struct address_find *find;
    const char *address;
    size_t local_length;
    size_t user_length; /* of the local part without extension */
    const char *domain; /* NULL: none */
    struct str *value;
    const char **table;
    struct str key;
};

static enum table_result ask(struct search *search, bool whole)
{
    return whole ? maps_find(search->find->maps, str_text(&search->key), search->value, search->table)
        : maps_find_fixed(search->find->maps, str_text(&search->key), search->value, search->table);
}

/* Local part (with or without extension), and what follows it. */
static enum table_result ask_parts(struct search *search, size_t local_length, const char *tail)
{
    str_clear(&search->key);
    str_put_bytes(&search->key, search->address, local_length);
    str_put(&search->key, tail);
    return ask(search, false);
}

static bool domain_is_local(const struct search *search)
{
    const struct address_find *find = search->find;

    return search->domain == NULL
        || (find->domain_is_local != NULL && find->domain_is_local(find->context, search->domain));
}

static enum table_result find_domain(struct search *search)
{
    enum table_result result = TABLE_ABSENT;

    for (const char *at = search->domain; result == TABLE_ABSENT && at != NULL && *at != '\0';) {
        str_set(&search->key, at);
        result = ask(search, false);
        const char *dot = strchr(at + 1, '.');
        at = dot;
    }
    return result;
}

/* The forms without the whole address. *stripped tells whether the extension was left out. */
static enum table_result find_parts(struct search *search, bool *stripped)
{
    const char *at_domain = search->domain == NULL ? "" : search->address + search->local_length;
    unsigned forms = search->find->forms;
    bool has_extension = search->user_length < search->local_length;
    enum table_result result = TABLE_ABSENT;

    if ((forms & FIND_NO_EXTENSION) && has_extension) {
        *stripped = true;
        result = ask_parts(search, search->user_length, at_domain);
    }
    if (result == TABLE_ABSENT && (forms & (FIND_LOCAL | FIND_LOCAL_NO_EXTENSION)) && search->domain != NULL
        && domain_is_local(search)) {
        *stripped = false;
        result = (forms & FIND_LOCAL) ? ask_parts(search, search->local_length, "") : TABLE_ABSENT;
        if (result == TABLE_ABSENT && (forms & FIND_LOCAL_NO_EXTENSION) && has_extension) {
            *stripped = true;
            result = ask_parts(search, search->user_length, "");
        }
    }
    if (result == TABLE_ABSENT && (forms & FIND_AT_DOMAIN) && search->domain != NULL) {
        *stripped = false; /* a catch-all takes the address as it is */
        result = ask_parts(search, 0, at_domain);
    }
    if (result == TABLE_ABSENT && (forms & FIND_DOMAIN) && search->domain != NULL)
        result = find_domain(search);
    if (result == TABLE_ABSENT && (forms & FIND_LOCAL_AT)) {
        result = ask_parts(search, search->local_length, "@");
        if (result == TABLE_ABSENT && has_extension) {
            *stripped = true;
            result = ask_parts(search, search->user_length, "@");
        }
    }
    return result;
}

enum table_result address_find(const struct address_find *find, const char *address, struct str *value,
    struct str *extension, const char **table)
{
    struct search search = {
        .find = find,
        .address = address,
        .local_length = address_local_length(address),
        .domain = address_domain(address),
        .value = value,
        .table = table,
    };
    bool stripped = false;
    enum table_result result = TABLE_ABSENT;

    search.user_length = address_user_length(address, search.local_length, find->delimiters, find->owner_special);
    if (find->forms & FIND_FULL) {
        str_set(&search.key, address);
        result = ask(&search, true);
    }
    if (result == TABLE_ABSENT)
        result = find_parts(&search, &stripped);
    if (result == TABLE_FOUND && stripped && extension != NULL)
        str_put_bytes(extension, address + search.user_length, search.local_length - search.user_length);
    str_free(&search.key);
    return result;
}
