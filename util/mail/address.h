/* address.h: mail addresses (RFC 5321 section 4.1.2, RFC 5322 section 3.4). Inside, an address is kept in internal form:
 * local part without quotes or backslashes, '@', domain; "" is the null address. The domain starts behind the last '@'. */
#ifndef UTIL_MAIL_ADDRESS_H
#define UTIL_MAIL_ADDRESS_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* External form (quoted where RFC 5322 wants it) from internal form; appended to *out. */
void address_quote(const char *internal, struct str *out);
/* Internal form from external form (quotes and backslashes taken away); appended. False: unbalanced quotes. */
bool address_unquote(const char *external, struct str *out);

/* The domain behind the last '@', or NULL when there is none. */
const char *address_domain(const char *address);
/* The length of the local part (the whole text when there is no '@'). */
size_t address_local_length(const char *address);

/* The length of the user part before the first of delimiters (recipient_delimiter) in a local part, or local_length when there
 * is none. Never splits mailer-daemon, postmaster, double-bounce or, with owner_special, owner-x and x-request; a delimiter at
 * the very start doesn't count. */
size_t address_user_length(const char *local, size_t local_length, const char *delimiters, bool owner_special);

/* Folded for comparison: the domain in lower case, or all of it. Appended. */
void address_fold(const char *address, bool local_part_too, struct str *out);
#endif
