#include "util/net/domain_name.h"

#include <arpa/inet.h>
#include <string.h>

#include "util/base/text.h"

enum { NAME_BYTES_MAX = 255, LABEL_BYTES_MAX = 63 };

static bool is_label(const char *label, size_t length, bool utf8, bool *numeric)
{
    if (length == 0 || length > LABEL_BYTES_MAX || label[0] == '-' || label[length - 1] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = label[i];
        if (!text_is_alnum(c) && c != '-' && c != '_' && !(utf8 && (unsigned char)c >= 0x80))
            return false;
        if (!text_is_digit(c))
            *numeric = false;
    }
    return true;
}

bool domain_name_is_valid(const char *name, bool numeric_too, bool utf8)
{
    size_t length = strlen(name);
    bool numeric = true;

    if (length == 0 || length > NAME_BYTES_MAX || (utf8 && !text_is_utf8(name, length)))
        return false;
    for (;;) {
        size_t label = strcspn(name, ".");
        if (!is_label(name, label, utf8, &numeric))
            return false;
        if (name[label] == '\0')
            return !numeric || numeric_too;
        name += label + 1;
    }
}

bool domain_name_is_literal(const char *name, char *address, unsigned long size)
{
    size_t length = strlen(name);
    unsigned char bytes[16];

    if (length < 3 || name[0] != '[' || name[length - 1] != ']')
        return false;
    bool ipv6 = text_starts_with_nocase(name, "[ipv6:");
    size_t start = ipv6 ? strlen("[ipv6:") : 1;
    size_t inner = length - start - 1;
    if (length - 1 < start || inner >= size)
        return false;
    memcpy(address, name + start, inner);
    address[inner] = '\0';
    return inet_pton(ipv6 ? AF_INET6 : AF_INET, address, bytes) == 1;
}
