/* proxy_link.h: the connection to the server that smtpd_proxy_filter names: commands, replies and content. What is said on it for
 * whom, proxy_filter.h knows. */
#ifndef SMTPD_PROXY_LINK_H
#define SMTPD_PROXY_LINK_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/io/stream.h"

enum { PROXY_LINK_XFORWARD_KINDS = 7 };
extern const char *const proxy_link_xforward_names[PROXY_LINK_XFORWARD_KINDS];

struct proxy_link {
    const struct config *config;
    struct stream *stream;  /* NULL: not connected */
    bool is_adjusted;       /* speed_adjust */
    const char *mail;       /* the command, in the transaction's arena */
    struct str recipients;  /* speed_adjust: commands, LF between them */
    struct str content;     /* speed_adjust: as SMTP sends it */
    bool in_line;
    bool is_lost;
    bool in_content;        /* the filter waits for the final dot */
    unsigned xforward;      /* a bit per name of proxy_link_xforward_names that it takes */
    struct str reply;       /* the latest: lines without code, LF between them */
    int code;
};

/* Within smtpd_proxy_timeout. False: the connection is of no use any more, which was logged. */
bool proxy_link_read_reply(struct proxy_link *link, bool is_ehlo);
/* Sends a command and expects a reply of that class: 2 or 3. Anything else is logged. */
bool proxy_link_command(struct proxy_link *link, const char *line, int class);
/* A piece of a line of the content, as for intake_text; with speed_adjust it is kept. */
void proxy_link_text(struct proxy_link *link, const char *bytes, size_t length, bool line_end);
/* Ends a line that has begun. */
void proxy_link_end_line(struct proxy_link *link);
/* Says QUIT and closes; NULL is allowed. */
void proxy_link_close(struct proxy_link *link);
#endif
