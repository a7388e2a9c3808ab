/* from_header.h: finds the From: fields (RFC 5322 section 3.6.2) in content on its way through. Fields are told from the body
 * as intake tells them. Pure: pieces in, text out. */
#ifndef SMTPD_FROM_HEADER_H
#define SMTPD_FROM_HEADER_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

struct from_header {
    size_t limit;        /* bytes of From: fields that are kept; set by the caller */
    struct str value;    /* of all From: fields, a comma between them, LF between lines */
    size_t fields;       /* so many there were */
    bool is_cut;         /* there was more than limit */
    /* while reading */
    struct str line;     /* the start of the present line, as far as its name may reach */
    bool in_line;        /* some piece of it was seen */
    bool in_from;        /* the present field is one */
    bool has_field;      /* some field was seen: a line that begins with a blank goes on with it */
    bool has_ended;      /* the body has begun */
};

/* The next piece of a line, without its line end; line_end: the line ends here. */
void from_header_take(struct from_header *header, const char *bytes, size_t length, bool line_end);
/* Forgets everything but the limit. */
void from_header_reset(struct from_header *header);
#endif
