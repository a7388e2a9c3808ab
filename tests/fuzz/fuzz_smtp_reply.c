/* fuzz_smtp_reply.c: replies of hostile servers, line by line (delivery/smtp/smtp_reply.h). */
#include <stdint.h>
#include <string.h>

#include "delivery/smtp/smtp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *at = (const char *)bytes;
    const char *end = at + length;
    struct smtp_reply reply = {0};
    struct str text = {0};
    char buffer[12];

    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *stop = lf == NULL ? end : lf;
        if (smtp_reply_add(&reply, at, (size_t)(stop - at), 2048)) {
            (void)smtp_reply_status(&reply, buffer); /* only whether it stays within bounds */
            smtp_reply_put_text(&reply, &text);
            smtp_reply_clear(&reply);
        }
        at = stop + 1;
    }
    str_free(&text);
    smtp_reply_free(&reply);
    return 0;
}
