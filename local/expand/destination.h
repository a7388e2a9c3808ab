/* destination.h: the right-hand side of an alias, and lines of .forward and :include: files (aliases(5)): addresses as in message
 * headers, /file, |command, :include:file, with commas between them. Pure text. */
#ifndef LOCAL_EXPAND_DESTINATION_H
#define LOCAL_EXPAND_DESTINATION_H
#include <stddef.h>

enum destination_kind { DESTINATION_ADDRESS, DESTINATION_FILE, DESTINATION_COMMAND, DESTINATION_INCLUDE };

/* text: the address in internal form; the file's name; the command; the included file's name. Valid during the call. */
typedef void destination_found(void *context, enum destination_kind kind, const char *text);

/* Calls found for each destination, in order; returns how many there were. Goes on to the next comma until there are limit. */
size_t destination_parse(const char *line, size_t limit, destination_found *found, void *context);
#endif
