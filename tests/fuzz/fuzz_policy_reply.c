/* fuzz_policy_reply.c: replies of policy servers (smtpd/policy/policy_reply.h), and the filters that configuration gives DNS lists
 * (util/net/octet_pattern.h). */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "smtpd/policy/policy_reply.h"
#include "util/net/octet_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void try_pattern(const char *text)
{
    static const unsigned char octets[4] = { 127, 0, 0, 2 };
    struct octet_pattern pattern;
    struct str why = {0};

    if (octet_pattern_parse(text, &pattern, &why))
        (void)octet_pattern_matches(&pattern, octets); /* only whether it stays within bounds */
    else
        assert(why.length > 0);
    str_free(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *at = (const char *)bytes;
    const char *end = at + length;
    struct policy_reply reply = {0};

    policy_reply_reset(&reply);
    while (at < end) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        const char *stop = lf == NULL ? end : lf;
        if (policy_reply_take(&reply, at, (size_t)(stop - at)) != POLICY_REPLY_MORE) {
            assert(strlen(str_text(&reply.action)) == reply.action.length);
            try_pattern(str_text(&reply.action));
            policy_reply_reset(&reply);
        }
        at = stop + 1;
    }
    str_free(&reply.action);
    return 0;
}
