/* smtp_reply.h: replies of a server (RFC 5321 section 4.2, RFC 2034), line by line. Pure. A reply ends with the first line
 * that has a code and no '-' behind it; lines without a code before that belong to its text. */
#ifndef DELIVERY_SMTP_REPLY_H
#define DELIVERY_SMTP_REPLY_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

struct smtp_reply {
    int code;           /* 0 to 999; of the last line that has one */
    char status[12];    /* enhanced status code of the code's class, "" when there is none */
    struct str text;    /* all lines, joined by LF; what isn't printable is '?' */
    size_t line_count;
    size_t odd_line_count; /* those without a code */
};

/* Before the first line of a reply; free: for good. */
void smtp_reply_clear(struct smtp_reply *reply);
void smtp_reply_free(struct smtp_reply *reply);

/* Adds a line without its line end. True: the reply is complete. Text beyond text_limit is left out. */
bool smtp_reply_add(struct smtp_reply *reply, const char *line, size_t length, size_t text_limit);

/* 2 for 250. */
int smtp_reply_class(const struct smtp_reply *reply);
/* The enhanced status code, or "<class>.0.0" ("5.5.0" for classes that mean nothing here); buffer is used for it. */
const char *smtp_reply_status(const struct smtp_reply *reply, char buffer[12]);
/* The text on one line: LF is turned into a blank. Appended. */
void smtp_reply_put_text(const struct smtp_reply *reply, struct str *out);
#endif
