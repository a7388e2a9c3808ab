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

/* The text, block by block. */
struct mail_text {
    const struct mail *mail;
    unsigned form;
    enum { MAIL_TEXT_LEAD, MAIL_TEXT_CONTENT, MAIL_TEXT_DONE } phase;
    bool line_start;
    struct message_reader reader;
    struct str pending;        /* read, but not yet decided */
};
void mail_text_start(struct mail_text *text, const struct mail *mail, unsigned form);
void mail_text_stop(struct mail_text *text);
/* Appends at least so many bytes to *block, or less at the end. False with errno EILSEQ when the queue file can't be read. At
 * the end nothing is appended. */
bool mail_text_next(struct mail_text *text, struct str *block, size_t at_least);

/* Writes it in blocks to a file. limit_bytes: no more than that is written (0: no limit). False with errno: EFBIG beyond the limit,
 * EILSEQ as above. */
bool mail_write(const struct mail *mail, unsigned form, int64_t limit_bytes, int fd);

/* Appends what stands before the message's own header. */
void mail_put_lead(const struct mail *mail, unsigned form, int64_t now_s, struct str *out);
/* Appends text, which goes on from *line_start (in and out), with From lines quoted. At the end of a block "From " may be cut
 * in two: what can't be decided yet isn't taken. Returns how much was taken. */
size_t mail_put_quoted(struct str *out, const char *text, size_t length, bool last, bool *line_start);
#endif
