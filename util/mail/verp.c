#include "util/mail/verp.h"

#include <string.h>

#include "util/mail/address.h"

bool verp_delimiters_are_valid(const char *delimiters, const char *allowed)
{
    return strlen(delimiters) == 2 && delimiters[strspn(delimiters, allowed)] == '\0';
}

void verp_sender(const char *sender, const char *recipient, const char *delimiters, struct str *out)
{
    size_t sender_local = address_local_length(sender);
    size_t recipient_local = address_local_length(recipient);

    str_clear(out);
    str_put_bytes(out, sender, sender_local);
    str_put_char(out, delimiters[0]);
    str_put_bytes(out, recipient, recipient_local);
    if (recipient[recipient_local] == '@') {
        str_put_char(out, delimiters[1]);
        str_put(out, recipient + recipient_local + 1);
    }
    str_put(out, sender + sender_local);
}
