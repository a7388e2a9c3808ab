/* fuzz_alias.c: destinations of aliases and .forward files, and From quoting, from any bytes: nothing may break. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "local/expand/destination.h"
#include "local/mailbox/mail.h"
#include "tests/fuzz/input.h"
#include "util/mail/exit_status.h"
#include "util/sys/child_command.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void found(void *context, enum destination_kind kind, const char *text)
{
    size_t *total = context;

    *total += strlen(text);
    if (kind == DESTINATION_COMMAND)
        (void)child_command_needs_shell(text);
}

static void try_quoting(const char *text, size_t length)
{
    struct str out = {0};
    bool line_start = true;
    size_t taken = mail_put_quoted(&out, text, length / 2, false, &line_start);

    (void)mail_put_quoted(&out, text + taken, length - taken, true, &line_start);
    if (out.length < length)
        abort();
    str_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    char *text = input_text(bytes, length);
    size_t total = 0;
    struct str output = {0};
    struct str why = {0};

    (void)destination_parse(text, 1000, found, &total);
    try_quoting(text, length);
    str_set(&output, text);
    (void)exit_status_verdict(1 << 8, "command", &output, &why);
    str_free(&output);
    str_free(&why);
    free(text);
    return 0;
}
