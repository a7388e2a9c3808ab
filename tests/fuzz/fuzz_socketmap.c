/* fuzz_socketmap.c: replies of servers that tables are asked of, from any bytes: a netstring's length stays within its limit and
 * what is taken out of a reply holds no zero byte; tcp: lines too, and what is encoded is decoded to the same text. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "util/table/socketmap_reply.h"
#include "util/table/tcp_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must(bool good)
{
    if (!good)
        abort();
}

static void try_netstring(const char *bytes, size_t count)
{
    size_t header = 0;
    size_t length = 0;

    if (socketmap_reply_length(bytes, count, &header, &length) != SOCKETMAP_LENGTH_DONE)
        return;
    must(header <= count && length <= SOCKETMAP_REPLY_BYTES_MAX);
    if (length > count - header)
        length = count - header;
    struct str content = {0};
    str_put_bytes(&content, bytes + header, length);
    (void)socketmap_reply_parse(&content); /* any outcome will do */
    must(content.length <= length && strlen(str_text(&content)) == content.length);
    str_free(&content);
}

static void try_line(const char *line)
{
    struct str text = {0};
    struct str reply = {0};
    struct str again = {0};

    (void)tcp_reply_parse(line, &text); /* any outcome will do */
    must(strlen(str_text(&text)) == text.length);
    str_set(&reply, "200 ");
    tcp_reply_encode(&reply, line);
    must(tcp_reply_parse(str_text(&reply), &again) == TCP_REPLY_FOUND && strcmp(str_text(&again), line) == 0);
    str_free(&text);
    str_free(&reply);
    str_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = input_text(bytes, length);

    try_netstring(text, length);
    try_line(text);
    free(text);
    return 0;
}
