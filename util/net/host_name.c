#include "util/net/host_name.h"

#include <arpa/inet.h>
#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"

enum { LABEL_BYTES_MAX = 63, NAME_BYTES_MAX = 255, OCTETS = 4 };

static const char ipv6_tag[] = "IPv6:";

/* Why it is no label of a name, or NULL. Constant text. */
static const char *flaw_in_label(const char *label, size_t length, bool utf8, bool *numeric)
{
    if (length == 0)
        return "misplaced delimiter";
    if (length > LABEL_BYTES_MAX)
        return "hostname label too long";
    if (label[0] == '-' || label[length - 1] == '-')
        return "misplaced hyphen";
    for (size_t i = 0; i < length; i++) {
        char c = label[i];
        if (!text_is_alnum(c) && c != '-' && c != '_' && !(utf8 && (unsigned char)c >= 0x80))
            return "invalid character";
        if (!text_is_digit(c))
            *numeric = false;
    }
    return NULL;
}

static const char *flaw_in_name(const char *name, unsigned how)
{
    size_t length = strlen(name);
    bool utf8 = how & HOST_NAME_UTF8;
    bool numeric = true;

    if (length == 0)
        return "empty hostname";
    if (length > NAME_BYTES_MAX)
        return "bad length";
    if (utf8 && !text_is_utf8(name, length))
        return "invalid character";
    for (;;) {
        size_t label = strcspn(name, ".");
        const char *flaw = flaw_in_label(name, label, utf8, &numeric);
        if (flaw != NULL)
            return flaw;
        if (name[label] == '\0')
            return numeric && !(how & HOST_NAME_NUMERIC_TOO) ? "numeric hostname" : NULL;
        name += label + 1;
    }
}

static void gripe_about_name(const char *flaw, const char *name)
{
    const char *stranger = name;

    while (text_is_alnum(*stranger) || *stranger == '-' || *stranger == '_' || *stranger == '.')
        stranger++;
    if (text_equal(flaw, "invalid character"))
        log_warning("valid_hostname: %s %d(decimal): %.100s", flaw, (unsigned char)*stranger, name);
    else
        log_warning("valid_hostname: %s: %.100s", flaw, name);
}

bool host_name_is_valid(const char *name, unsigned how)
{
    const char *flaw = flaw_in_name(name, how);

    if (flaw != NULL && (how & HOST_NAME_GRIPE))
        gripe_about_name(flaw, name);
    return flaw == NULL;
}

static void gripe_about_ipv4(const char *text)
{
    size_t octets = *text != '\0';
    unsigned value = 0;
    const char *at = text;

    for (; (*at == '.' || text_is_digit(*at)) && value <= 255; at++) {
        octets += *at == '.';
        value = *at == '.' ? 0 : value * 10 + (unsigned)(*at - '0');
    }
    if (value > 255)
        log_warning("valid_ipv4_hostaddr: invalid octet value: %.100s", text);
    else if (*at != '\0')
        log_warning("valid_ipv4_hostaddr: invalid character %d(decimal): %.100s", (unsigned char)*at, text);
    else
        log_warning("valid_ipv4_hostaddr: invalid octet %s: %.100s", octets == OCTETS ? "value" : "count", text);
}

static void gripe_about_ipv6(const char *text)
{
    const char *stranger = text + strspn(text, "0123456789abcdefABCDEF:.");

    if (*stranger != '\0')
        log_warning("valid_ipv6_hostaddr: invalid character %d(decimal) in IPv6 address: %.100s", (unsigned char)*stranger,
            text);
    else
        log_warning("valid_ipv6_hostaddr: malformed IPv6 address: %.100s", text);
}

static bool is_address(const char *text, bool ipv6, unsigned how)
{
    unsigned char bytes[16];
    bool valid = inet_pton(ipv6 ? AF_INET6 : AF_INET, text, bytes) == 1;

    if (!valid && (how & HOST_NAME_GRIPE))
        (ipv6 ? gripe_about_ipv6 : gripe_about_ipv4)(text);
    return valid;
}

bool host_name_is_address(const char *text, unsigned how)
{
    return is_address(text, strchr(text, ':') != NULL, how);
}

bool host_name_is_literal(const char *text, unsigned how)
{
    bool ipv6 = text_starts_with_nocase(text, ipv6_tag);

    return is_address(ipv6 ? text + strlen(ipv6_tag) : text, ipv6, how);
}

bool host_name_take_literal(const char *text, unsigned how, char *address, size_t size)
{
    size_t length = strlen(text);

    if (length < 2 || text[0] != '[' || text[length - 1] != ']')
        return false;
    bool ipv6 = text_starts_with_nocase(text + 1, ipv6_tag);
    size_t start = 1 + (ipv6 ? strlen(ipv6_tag) : 0);
    size_t inner = length - start - 1;
    if (length - 1 < start || inner >= size)
        return false;
    memcpy(address, text + start, inner);
    address[inner] = '\0';
    return is_address(address, ipv6, how);
}
