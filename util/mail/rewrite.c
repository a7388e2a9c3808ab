#include "util/mail/rewrite.h"

#include <string.h>

#include "util/mail/address.h"

/* "@a,@b:user@c" and "@a:user@c" mean user@c (RFC 5321 section 4.1.1.3). One route is taken away, not a route in a route. */
static const char *skip_source_route(const char *address)
{
    const char *colon = *address == '@' ? strchr(address, ':') : NULL;

    return colon == NULL || colon[1] == '\0' ? address : colon + 1;
}

/* host!user means user@host. */
static void swap_bang(struct str *address)
{
    const char *bang = strchr(str_text(address), '!');

    if (bang == NULL)
        return;
    struct str swapped = {0};
    str_put(&swapped, bang + 1);
    str_put_char(&swapped, '@');
    str_put_bytes(&swapped, address->data, (size_t)(bang - address->data));
    str_set(address, str_text(&swapped));
    str_free(&swapped);
}

/* user%host means user@host. */
static void turn_percent(struct str *address)
{
    char *percent = address->length == 0 ? NULL : strrchr(address->data, '%');

    if (percent != NULL)
        *percent = '@';
}

static void append(struct str *address, char sign, const char *domain)
{
    if (*domain == '\0')
        return;
    str_put_char(address, sign);
    str_put(address, domain);
}

static bool is_short(const char *domain)
{
    return *domain != '\0' && *domain != '[' && strchr(domain, '.') == NULL;
}

/* "example.com." is "example.com"; two dots are somebody's mistake and stay. */
static void drop_last_dot(struct str *address)
{
    size_t length = address->length;

    if (length > 1 && address->data[length - 1] == '.' && address->data[length - 2] != '.' && address->data[length - 2] != '@')
        str_truncate(address, length - 1);
}

void rewrite_address(const struct config *config, enum rewrite_context context, const char *address, struct str *out)
{
    bool remote = context == REWRITE_REMOTE;
    struct str result = {0};

    str_put(&result, skip_source_route(address));
    /* A sign in an address that has a domain is a part of its local part. */
    if (config->swap_bangpath && address_domain(str_text(&result)) == NULL)
        swap_bang(&result);
    if (config->allow_percent_hack && address_domain(str_text(&result)) == NULL)
        turn_percent(&result);
    /* "user@" stays: resolve_null_domain decides about it. */
    if (config->append_at_myorigin && result.length > 0 && address_domain(str_text(&result)) == NULL)
        append(&result, '@', remote ? config->remote_header_rewrite_domain : config->myorigin);
    const char *domain = address_domain(str_text(&result));
    if (config->append_dot_mydomain && domain != NULL && is_short(domain))
        append(&result, '.', remote ? config->remote_header_rewrite_domain : config->mydomain);
    drop_last_dot(&result);
    str_set(out, strcmp(str_text(&result), "@") == 0 && *address == '@' ? "" : str_text(&result));
    str_free(&result);
}
