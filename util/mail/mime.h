/* mime.h: the structure of a message as far as its lines tell (RFC 2045, 2046): which lines are boundaries, where headers of parts
 * and of attached messages begin, which encoding the content claims. Line by line, without looking ahead. */
#ifndef UTIL_MAIL_MIME_H
#define UTIL_MAIL_MIME_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"

struct mime;

enum mime_next {
    MIME_BODY,           /* body lines follow */
    MIME_PART_HEADER,    /* the header of a part of a multipart follows */
    MIME_NESTED_HEADER,  /* the header of an attached message follows */
};

enum mime_encoding { MIME_7BIT, MIME_8BIT, MIME_BINARY, MIME_QUOTED_PRINTABLE, MIME_BASE64, MIME_OTHER_ENCODING };

/* Allocated in the arena (the message's). Boundaries are compared up to boundary_length_limit bytes. Multiparts may be nested
 * nesting_limit + 2 deep (so Postfix counts); what lies deeper isn't followed. */
struct mime *mime_new(struct arena *arena, size_t nesting_limit, size_t boundary_length_limit);

/* A field of the present header, if it is Content-Type or Content-Transfer-Encoding: its value (LF between lines). */
void mime_set_type(struct mime *mime, const char *value);
void mime_set_encoding(struct mime *mime, const char *value);
/* The present header is over; with_empty_line: as it should be, by an empty line. What follows? */
enum mime_next mime_end_header(struct mime *mime, bool with_empty_line);
/* A body line (its first bytes suffice for a boundary). *boundary: it is one, maybe the last of its multipart. */
enum mime_next mime_take_line(struct mime *mime, const char *line, size_t length, bool *boundary);

/* The present header begins one multipart too many. */
bool mime_nesting_is_exceeded(const struct mime *mime);
/* Whether body lines need to be shown at all. */
bool mime_follows_lines(const struct mime *mime);
enum mime_encoding mime_present_encoding(const struct mime *mime);
/* The encoding as named in the present header, "" if none. */
const char *mime_encoding_name(const struct mime *mime);
/* Neither a multipart nor a message: its body is text or data of its own. */
bool mime_is_leaf(const struct mime *mime);
/* A message or multipart that claims base64 or the like: only 7bit, 8bit, binary are allowed (RFC 2045 section 6.4). */
bool mime_encoding_is_forbidden(const struct mime *mime);
#endif
