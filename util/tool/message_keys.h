/* message_keys.h: a message on standard input as keys for header_checks(5) and body_checks(5) tables: postmap -h, -b and -m. */
#ifndef UTIL_TOOL_MESSAGE_KEYS_H
#define UTIL_TOOL_MESSAGE_KEYS_H
#include <stdbool.h>
#include <stdio.h>

struct message_keys {
    bool headers;  /* header fields are keys */
    bool body;     /* lines of the body are keys */
    bool mime;     /* fields of parts and attached messages are header fields, not body lines */
    void (*each)(void *context, const char *key);
    void *context;
};

/* Reads to the end of file. */
void message_keys_read(const struct message_keys *keys, FILE *file);
#endif
