#include "util/mail/rewrite.h"

#include <string.h>

#include "util/base/text.h"
#include "util/mail/address.h"

enum { ROUTE_MAX = 100 };

/* "@a,@b:user@c" and "@a:user@c" mean user@c (RFC 5321 section 4.1.1.3). */
static const char *skip_source_route(const char *address)
{
    for (int i = 0; i < ROUTE_MAX && *address == '@'; i++) {
        const char *colon = strchr(address, ':');
        const char *domain_end = address + strcspn(address, ":,");
        if (*domain_end == '\0' || colon == NULL || colon[1] == '\0')
            return address;
        address = colon + 1;
    }
    return address;
}

/* host!user means user@host; only in an address that has no domain yet. */
static void swap_bang(struct str *address)
{
    const char *bang = address->length == 0 ? NULL : strchr(address->data, '!');

    if (bang == NULL || bang == address->data)
        return;
    struct str swapped = {0};
    str_put(&swapped, bang + 1);
    str_put_char(&swapped, '@');
    str_put_bytes(&swapped, address->data, (size_t)(bang - address->data));
    str_set(address, str_text(&swapped));
    str_free(&swapped);
}

static void put_domain(struct str *address, const char *domain)
{
    if (*domain == '\0')
        return;
    str_put_char(address, '@');
    str_put(address, domain);
}

/* What is missing behind a name without a domain. */
static void complete_local(const struct config *config, enum rewrite_context context, struct str *address)
{
    if (context == REWRITE_REMOTE)
        put_domain(address, config->remote_header_rewrite_domain);
    else if (config->append_at_myorigin)
        put_domain(address, config->myorigin);
}

/* user@host means user@host.mydomain. */
static void complete_domain(const struct config *config, enum rewrite_context context, struct str *address)
{
    const char *domain = address_domain(str_text(address));

    if (*domain == '[' || strchr(domain, '.') != NULL)
        return;
    const char *tail = context == REWRITE_REMOTE ? config->remote_header_rewrite_domain
        : config->append_dot_mydomain ? config->mydomain : "";
    if (*tail == '\0')
        return;
    str_put_char(address, '.');
    str_put(address, tail);
}

void rewrite_address(const struct config *config, enum rewrite_context context, const char *address, struct str *out)
{
    struct str result = {0};

    str_put(&result, skip_source_route(address));
    if (result.length > 0 && address_domain(str_text(&result)) == NULL) {
        if (config->swap_bangpath)
            swap_bang(&result);
        char *percent = strrchr(result.data, '%');
        if (percent != NULL && percent != result.data && config->allow_percent_hack
            && address_domain(str_text(&result)) == NULL)
            *percent = '@';
    }
    const char *domain = address_domain(str_text(&result));
    if (result.length > 0 && domain == NULL) /* "user@" stays: resolve_null_domain decides about it */
        complete_local(config, context, &result);
    domain = address_domain(str_text(&result));
    if (domain != NULL && *domain != '\0') {
        /* "example.com." is "example.com", before anything is appended to it. */
        bool dotted = result.data[result.length - 1] == '.' && result.length > 1 && result.data[result.length - 2] != '@';
        if (dotted)
            str_truncate(&result, result.length - 1);
        else
            complete_domain(config, context, &result);
    }
    str_set(out, str_text(&result));
    str_free(&result);
}
