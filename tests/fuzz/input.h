/* input.h: the bytes of a fuzz target as text. */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* With a zero behind it, and no byte more, so that a sanitizer sees who reads too far. The caller frees it. */
static inline char *input_text(const uint8_t *bytes, size_t length)
{
    char *text = malloc(length + 1);

    if (text == NULL)
        abort();
    if (length > 0)
        memcpy(text, bytes, length);
    text[length] = '\0';
    return text;
}
#endif
