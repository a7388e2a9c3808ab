/* verdict.h: what we say about a command, a message or a recipient: the one way to report an expected failure. It is made
 * where the cause is known and travels unchanged to reply, log line and bounce. */
#ifndef UTIL_MAIL_VERDICT_H
#define UTIL_MAIL_VERDICT_H
#include <stdbool.h>

struct verdict {
    int code;         /* SMTP reply code (RFC 5321); 0: nothing decided */
    char status[12];  /* enhanced status code (RFC 3463), "5.1.1"; "" where a reply has none */
    const char *text; /* constant, or lives as long as the arena of whoever made it */
};

/* VERDICT(550, "5.1.1", "User unknown") as an expression. */
#define VERDICT(code_, status_, text_) ((struct verdict){ .code = (code_), .status = status_, .text = (text_) })
#define VERDICT_OK VERDICT(250, "2.0.0", "Ok")

static inline bool verdict_is_permanent(const struct verdict *verdict)
{
    return verdict->code >= 500;
}

static inline bool verdict_is_temporary(const struct verdict *verdict)
{
    return verdict->code >= 400 && verdict->code < 500;
}
#endif
