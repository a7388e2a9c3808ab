/* mail.h: one message on its way into one mailbox, file or command, and how its text is written there. */
#ifndef LOCAL_MAILBOX_MAIL_H
#define LOCAL_MAILBOX_MAIL_H
#include <stdbool.h>
#include <stdint.h>

#include "qmgr/client/agent.h"
#include "util/base/str.h"

struct mail {
    const struct order *order; /* the content, and the arena for reasons */
    const char *sender;        /* internal form; "" is the null reverse-path */
    const char *original;      /* X-Original-To:; "" leaves it out */
    const char *delivered_to;  /* Delivered-To:; "" leaves it out */
};

/* Forms of the text. */
enum {
    MAIL_FROM_LINE = 1,  /* "From SENDER  DATE" in front */
    MAIL_QUOTE_FROM = 2, /* '>' before lines that begin with "From " */
    MAIL_BLANK_END = 4,  /* an empty line at the end */
};

/* Writes it in blocks to fd (a file, or a pipe that blocks). limit_bytes: no more than that is written (0: no limit). False with errno:
 * EFBIG beyond the limit, EILSEQ when the queue file couldn't be read. */
bool mail_write(const struct mail *mail, unsigned form, int64_t limit_bytes, int fd);

/* Appends what stands before the message's own header. */
void mail_put_lead(const struct mail *mail, unsigned form, int64_t now_s, struct str *out);
/* Appends text, which goes on from *line_start (in and out), with From lines quoted. At the end of a block "From " may be cut in two:
 * what can't be decided yet isn't taken. Returns how much was taken. */
size_t mail_put_quoted(struct str *out, const char *text, size_t length, bool last, bool *line_start);
#endif
