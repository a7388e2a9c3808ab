#include "util/mail/address.h"

#include <string.h>

#include "util/base/text.h"

/* RFC 5322 atext, and what RFC 6531 adds. */
static bool is_atom_char(char c)
{
    return text_is_alnum(c) || (unsigned char)c >= 0x80 || (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Whether the local part is a dot-atom and needs no quotes. */
static bool is_dot_atom(const char *local, size_t length)
{
    if (length == 0 || local[0] == '.' || local[length - 1] == '.')
        return false;
    for (size_t i = 0; i < length; i++) {
        bool dot = local[i] == '.' && local[i + 1] != '.';
        if (!dot && !is_atom_char(local[i]))
            return false;
    }
    return true;
}

const char *address_domain(const char *address)
{
    const char *at = strrchr(address, '@');

    return at == NULL ? NULL : at + 1;
}

size_t address_local_length(const char *address)
{
    const char *at = strrchr(address, '@');

    return at == NULL ? strlen(address) : (size_t)(at - address);
}

void address_quote(const char *internal, struct str *out)
{
    size_t length = address_local_length(internal);

    if (*internal == '\0')
        return;
    if (is_dot_atom(internal, length)) {
        str_put(out, internal);
        return;
    }
    str_put_char(out, '"');
    for (size_t i = 0; i < length; i++) {
        if (internal[i] == '"' || internal[i] == '\\' || internal[i] == '\r')
            str_put_char(out, '\\');
        str_put_char(out, internal[i]);
    }
    str_put_char(out, '"');
    str_put(out, internal + length);
}

bool address_unquote(const char *external, struct str *out)
{
    bool quoted = false;

    for (; *external != '\0'; external++) {
        if (*external == '"') {
            quoted = !quoted;
            continue;
        }
        if (*external == '\\' && *++external == '\0')
            return false;
        str_put_char(out, *external);
    }
    return !quoted;
}

/* Addresses that mean something as a whole: an extension in them is none. */
static bool is_special(const char *local, size_t length, bool owner_special)
{
    static const char *const names[] = { "postmaster", "mailer-daemon", "double-bounce" };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strlen(names[i]) == length && text_starts_with_nocase(local, names[i]))
            return true;
    }
    static const char owner[] = "owner-";
    static const char request[] = "-request";
    return owner_special
        && ((length > strlen(owner) && text_starts_with_nocase(local, owner))
            || (length > strlen(request) && text_starts_with_nocase(local + length - strlen(request), request)));
}

size_t address_user_length(const char *local, size_t local_length, const char *delimiters, bool owner_special)
{
    if (*delimiters == '\0' || is_special(local, local_length, owner_special))
        return local_length;
    /* From the second byte: a delimiter at the very start would leave no user. */
    for (size_t i = 1; i < local_length; i++) {
        if (strchr(delimiters, local[i]) != NULL)
            return i;
    }
    return local_length;
}

void address_fold(const char *address, bool local_part_too, struct str *out)
{
    size_t start = out->length;

    str_put(out, address);
    text_lower(out->data + start + (local_part_too ? 0 : address_local_length(address)));
}
