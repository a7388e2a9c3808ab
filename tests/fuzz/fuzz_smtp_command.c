/* fuzz_smtp_command.c: what a client may write behind MAIL FROM: and RCPT TO:. */
#include <stdint.h>

#include "smtpd/parameters.h"
#include "smtpd/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct config *config;
    struct str line = {0};
    struct str word = {0};
    struct str internal = {0};
    struct arena *arena = arena_new();
    struct mail_parameters mail;
    struct rcpt_parameters rcpt;

    if (config == NULL && !config_from_text("myhostname = mail.example.test\n", NULL, 0, "smtpd", &config, &line))
        __builtin_trap();
    str_clear(&line);
    str_put_bytes(&line, bytes, length);
    const char *cursor = str_text(&line);
    (void)path_take(&cursor, &word); /* the rest is parsed in any case */
    (void)path_parse(config, REWRITE_REMOTE, str_text(&word), false, true, &internal);
    if (word.length > 0)
        (void)path_parse(config, REWRITE_LOCAL, str_text(&word), true, false, &internal);
    (void)parameters_parse_mail(cursor, ~0u, arena, &mail);
    (void)parameters_parse_rcpt(cursor, ~0u, arena, &rcpt);
    arena_free(arena);
    str_free(&line);
    str_free(&word);
    str_free(&internal);
    return 0;
}
