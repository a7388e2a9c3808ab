/* fuzz_attributes.c: what a client writes behind XFORWARD (and XCLIENT: the same reader): values are harmless in headers and log
 * lines, and a refused command has changed nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/session.h"
#include "util/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void must_be_harmless(const char *text)
{
    for (; text != NULL && *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 127 || strchr(" <>()\\\";@", *text) != NULL)
            abort();
    }
}

static void must_be_number(const char *text)
{
    if (text != NULL && strcmp(text, "unknown") != 0 && text[strspn(text, "0123456789")] != '\0')
        abort();
}

static void try_line(struct session *session, const char *line)
{
    struct transaction_forwarded *forwarded = &session->transaction.forwarded;
    const struct transaction_forwarded before = *forwarded;

    if (command_xforward(session, line).code != 250) {
        if (memcmp(&before, forwarded, sizeof(before)) != 0)
            abort();
        return;
    }
    const char *const texts[] = { forwarded->name, forwarded->address, forwarded->helo, forwarded->protocol, forwarded->ident };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        must_be_harmless(texts[i]);
    must_be_number(forwarded->port);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct config *config;
    struct str why = {0};

    if (config == NULL && !config_from_text("", NULL, 0, "smtpd", &config, &why))
        abort();
    str_free(&why); /* warnings may be there */
    struct session session = { .config = config, .arena = arena_new(), .call = arena_new(), .xforward_allowed = true };
    char *line = arena_copy_bytes(session.call, bytes, length);

    transaction_start(&session.transaction);
    while (line != NULL) {
        char *end = strchr(line, '\n');
        if (end != NULL)
            *end++ = '\0';
        try_line(&session, line);
        line = end;
    }
    transaction_stop(&session.transaction);
    arena_free(session.call);
    arena_free(session.arena);
    return 0;
}
