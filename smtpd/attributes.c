#include "smtpd/attributes.h"

#include <string.h>

#include "smtpd/session.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/mail/xtext.h"
#include "util/net/haproxy.h"
#include "util/net/ip_address.h"

static const struct attribute_row *find_row(const struct attribute_row *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal_nocase(rows[i].name, name))
            return &rows[i];
    }
    return NULL;
}

/* What goes into headers and log lines must not be mistaken for syntax there. */
static const char *decode(struct session *session, const char *wire, const char *harmful)
{
    struct str plain = {0};

    xtext_decode(&plain, wire);
    char *value = arena_copy_text(session->arena, str_text(&plain));
    for (char *at = value; *at != '\0'; at++) {
        if (strchr(harmful, *at) != NULL || (unsigned char)*at < ' ' || *at == 127)
            *at = '?';
    }
    str_free(&plain);
    return value;
}

static struct verdict take_one(struct session *session, const char *verb, char *pair, const struct attribute_row *rows,
    size_t count)
{
    struct arena *call = session->call;
    char *equals = strchr(pair, '=');

    if (equals == NULL || equals[1] == '\0')
        return VERDICT(501, "5.5.4", "Error: attribute=value expected");
    *equals = '\0';
    const struct attribute_row *row = find_row(rows, count, pair);
    if (row == NULL)
        return VERDICT(501, "5.5.4", arena_printf(call, "Bad %s attribute name: %s", verb, pair));
    const char *value = decode(session, equals + 1,
        text_equal(row->name, "LOGIN") ? " <>()\\\";" : " <>()\\\";@");
    bool temporary = text_equal_nocase(value, "[TEMPUNAVAIL]");
    bool is_known = !temporary && !text_equal_nocase(value, "[UNAVAILABLE]");
    if (!row->take(session, is_known ? value : NULL, temporary))
        return VERDICT(501, "5.5.4", arena_printf(call, "Bad %s syntax: %s", row->name, value));
    return (struct verdict){0};
}

struct verdict attributes_parse(struct session *session, const char *verb, const char *arguments,
    const struct attribute_row *rows, size_t count)
{
    const char *word;
    size_t length;

    if (*arguments == '\0')
        return VERDICT(501, "5.5.4", arena_printf(session->call, "Syntax: %s attribute=value...", verb));
    while (text_next_word(&arguments, " \t", &word, &length)) {
        struct verdict verdict = take_one(session, verb, arena_copy_bytes(session->call, word, length), rows, count);
        if (verdict.code != 0)
            return verdict;
    }
    return (struct verdict){0};
}

/* An IPv4 address mapped into IPv6 is the IPv4 address that access tables know. */
static void unmap(struct ip_address *address)
{
    static const unsigned char mapped[12] = { [10] = 0xFF, [11] = 0xFF };

    if (address->family != AF_INET6 || memcmp(address->bytes, mapped, sizeof(mapped)) != 0)
        return;
    address->family = AF_INET;
    memmove(address->bytes, address->bytes + sizeof(mapped), 4);
}

const char *attributes_address(struct session *session, const char *value)
{
    struct haproxy_families families = haproxy_families_of(session->config->inet_protocols);
    bool is_v6 = text_starts_with_nocase(value, "IPv6:");
    struct ip_address address;
    struct str text = {0};

    if (!ip_address_parse(is_v6 ? value + strlen("IPv6:") : value, &address) || (address.family == AF_INET6) != is_v6)
        return NULL;
    unmap(&address);
    if (!(address.family == AF_INET ? families.ipv4 : families.ipv6))
        return NULL;
    ip_address_put(&address, &text); /* in one form, whatever the client writes: tables are asked for it */
    const char *copy = arena_copy_text(session->arena, str_text(&text));
    str_free(&text);
    return copy;
}

bool attributes_is_port(const char *value)
{
    uint64_t number;

    return number_parse_u64(value, 99999, &number); /* digits, as Postfix has it: it is only told on */
}
