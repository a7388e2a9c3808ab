/* address_list.h: lists of addresses in header fields (RFC 5322 section 3.4): mailboxes, groups, comments. Read leniently,
 * from right to left, as Postfix reads them: words without commas between them are addresses of their own, what stands before
 * "<" is a phrase. Addresses are changed in place: phrases, comments and groups stay; only a changed list is laid out anew. */
#ifndef UTIL_MAIL_ADDRESS_LIST_H
#define UTIL_MAIL_ADDRESS_LIST_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

struct address_list;

/* Parses a field's value (LF between its lines). At most token_limit tokens are looked at; the rest is dropped. */
struct address_list *address_list_parse(const char *text, size_t length, size_t token_limit);
void address_list_free(struct address_list *list); /* NULL is allowed */

/* The addresses, from left to right, in internal form; index counts from 0. NULL behind the last. */
const char *address_list_get(const struct address_list *list, size_t index);
/* Whether an address has no domain and quotes: signs in it that mean a domain elsewhere are a part of its name. */
bool address_list_is_quoted_local(const struct address_list *list, size_t index);
/* Puts another address (or the same in standard form: quoted only where it needs it) in place of one. */
void address_list_set(struct address_list *list, size_t index, const char *internal);
/* Whether some address_list_set made a difference, if only in the quotes. */
bool address_list_is_changed(const struct address_list *list);

/* Appends the list to *out, which holds the text of the line so far ("To: "); a new line begins with LF and a tab where the
 * line would get longer than Postfix lets it. */
void address_list_put(const struct address_list *list, struct str *out);
#endif
