#include "util/table/socketmap_reply.h"

#include <stdbool.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"

/* More digits than any length within the limit has, leading zeros among them. */
enum { HEADER_BYTES_MAX = 20 };

enum socketmap_length socketmap_reply_length(const char *bytes, size_t count, size_t *header, size_t *length)
{
    size_t sum = 0;

    for (size_t at = 0; at < count; at++) {
        if (bytes[at] == ':' && at > 0) {
            *header = at + 1;
            *length = sum;
            return SOCKETMAP_LENGTH_DONE;
        }
        if (!text_is_digit(bytes[at]) || at == HEADER_BYTES_MAX)
            return SOCKETMAP_LENGTH_MALFORMED;
        sum = sum * 10 + (size_t)(bytes[at] - '0');
        if (sum > SOCKETMAP_REPLY_BYTES_MAX)
            return SOCKETMAP_LENGTH_TOO_LONG;
    }
    return SOCKETMAP_LENGTH_MORE;
}

enum socketmap_status socketmap_reply_parse(struct str *content)
{
    static const char *const words[] = { "OK", "NOTFOUND", "TEMP", "TIMEOUT", "PERM" };
    const char *text = str_text(content);
    size_t word = strcspn(text, " ");
    bool has_text = text[word] == ' ';
    size_t skip = has_text ? word + 1 : word;
    size_t status = 0;

    while (status < COUNT_OF(words) && (strlen(words[status]) != word || memcmp(text, words[status], word) != 0))
        status++;
    size_t rest = strlen(text + skip); /* a zero byte ends the text */
    if (content->length > 0)
        memmove(content->data, content->data + skip, rest);
    str_truncate(content, rest);
    if (status == SOCKETMAP_OK && !has_text)
        return SOCKETMAP_NOTFOUND; /* as Postfix takes it: there is no value, not even an empty one */
    return (enum socketmap_status)status;
}
