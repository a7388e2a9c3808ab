/* fuzz_dovecot_reply.c: lines of an auth server from any bytes: what is passed on has no control characters, challenges are
 * base64, and what base64 decodes it encodes again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "submission/auth/dovecot_reply.h"
#include "tests/fuzz/input.h"
#include "util/base/str.h"
#include "util/sasl/sasl_base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must_be_clean(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 127)
            abort();
    }
}

static void try_line(char *line)
{
    struct dovecot_reply reply;

    if (!dovecot_reply_parse(line, &reply))
        return;
    must_be_clean(reply.user);
    must_be_clean(reply.reason);
    if (reply.kind == DOVECOT_MECHANISM)
        must_be_clean(reply.text);
    if (reply.kind == DOVECOT_OK && (reply.user == NULL || *reply.user == '\0'))
        abort();
    if (reply.kind == DOVECOT_CONTINUE && !sasl_base64_is_valid(reply.text))
        abort();
}

static void try_base64(const char *text)
{
    struct str once = {0};
    struct str again = {0};
    struct str twice = {0};

    if (sasl_base64_decode(text, &once)) {
        sasl_base64_encode(once.data, once.length, &again);
        if (!sasl_base64_decode(str_text(&again), &twice) || twice.length != once.length
            || (once.length > 0 && memcmp(twice.data, once.data, once.length) != 0))
            abort();
    }
    str_free(&once);
    str_free(&again);
    str_free(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = input_text(bytes, length);

    for (char *line = text; line != NULL;) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end = '\0';
        try_base64(line);
        try_line(line);
        line = end == NULL ? NULL : end + 1;
    }
    free(text);
    return 0;
}
