/* fuzz_postscreen_dnsbl.c: postscreen_dnsbl_sites, and entries of the cache (smtpd/screen/dnsbl_site.h, checks.h). */
#include <stdint.h>

#include "smtpd/screen/checks.h"
#include "smtpd/screen/dnsbl_site.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const unsigned char answer[4] = { 127, 0, 0, 2 };
    struct arena *arena = arena_new();
    const char *text = arena_copy_bytes(arena, bytes, length);
    struct dnsbl_site *sites;
    struct checks checks;
    struct str out = {0};
    size_t count;

    if (dnsbl_site_parse_list(text, arena, &sites, &count, &out)) {
        for (size_t i = 0; i < count; i++)
            (void)dnsbl_site_matches(&sites[i], answer); /* only whether it stays within bounds */
    }
    (void)checks_start(&checks, text, CHECK_EARLY_BITS, 1000000000); /* likewise */
    checks_put(&checks, &out);
    (void)checks_latest(text);
    str_free(&out);
    arena_free(arena);
    return 0;
}
