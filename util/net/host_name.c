#include "util/net/host_name.h"

#include <arpa/inet.h>
#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"

enum { MAX_LABEL = 63, MAX_NAME = 255 };

/* Why it is not a host name, or NULL. Constant text. */
static const char *flaw_in(const char *name)
{
    size_t label = 0;
    bool non_numeric = false;

    if (*name == '\0')
        return "empty hostname";
    for (const char *at = name; *at != '\0'; at++) {
        if (text_is_alnum(*at) || *at == '_') {
            if (++label > MAX_LABEL)
                return "hostname label too long";
            if (!text_is_digit(*at))
                non_numeric = true;
        } else if (*at == '.') {
            if (label == 0 || at[1] == '\0')
                return "misplaced delimiter";
            label = 0;
        } else if (*at == '-') {
            non_numeric = true;
            label++;
            if (label == 1 || at[1] == '\0' || at[1] == '.')
                return "misplaced hyphen";
        } else {
            return "invalid character";
        }
    }
    if (!non_numeric)
        return "numeric hostname";
    return strlen(name) > MAX_NAME ? "bad length" : NULL;
}

bool host_name_is_valid(const char *name, enum host_name_gripe gripe)
{
    const char *flaw = flaw_in(name);

    if (flaw != NULL && gripe == HOST_NAME_GRIPE)
        log_warning("valid_hostname: %s: %.100s", flaw, name);
    return flaw == NULL;
}

bool host_name_is_address(const char *text, enum host_name_gripe gripe)
{
    unsigned char address[16];
    bool valid = inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, address) == 1;

    if (!valid && gripe == HOST_NAME_GRIPE)
        log_warning("valid_hostaddr: invalid address: %.100s", text);
    return valid;
}

const char *host_name_literal_address(const char *text)
{
    return text_starts_with_nocase(text, "IPv6:") ? text + 5 : text;
}

bool host_name_is_literal(const char *text, enum host_name_gripe gripe)
{
    const char *address = host_name_literal_address(text);

    if ((address != text) != (strchr(address, ':') != NULL)) {
        if (gripe == HOST_NAME_GRIPE)
            log_warning("valid_mailhost_literal: invalid address literal: %.100s", text);
        return false;
    }
    return host_name_is_address(address, gripe);
}
