#include "util/mail/reason.h"

#include <stdio.h>
#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"

/* One to three digits; their number, 0 if that isn't what stands there. */
static int digits(const char *text)
{
    int count = 0;

    while (count < 4 && text_is_digit(text[count]))
        count++;
    return count > 3 ? 0 : count;
}

int reason_status_length(const char *text)
{
    if (strchr("245", text[0]) == NULL || text[0] == '\0' || text[1] != '.')
        return 0;
    int subject = digits(text + 2);
    if (subject == 0 || text[2 + subject] != '.')
        return 0;
    int detail = digits(text + 3 + subject);
    int length = 3 + subject + detail;
    bool ends = text[length] == '\0' || text_is_space(text[length]);
    return detail == 0 || !ends ? 0 : length;
}

void reason_split(const char *text, char class, char status[REASON_STATUS_BYTES], const char **rest)
{
    int length;

    while (text_is_space(*text))
        text++;
    length = reason_status_length(text);
    if (length > 0 && text[0] == class) {
        (void)snprintf(status, REASON_STATUS_BYTES, "%.*s", length, text); /* at most 9 bytes */
    } else {
        if (length > 0)
            log_warning("%s: ignoring dsn code \"%.*s\"", class == '2' ? "sent" : class == '4' ? "defer_append" : "bounce_append",
                length, text);
        (void)snprintf(status, REASON_STATUS_BYTES, "%c.0.0", class); /* 5 bytes */
    }
    text += length;
    while (text_is_space(*text))
        text++;
    *rest = *text == '\0' ? "?" : text;
}
