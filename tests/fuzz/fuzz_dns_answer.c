/* fuzz_dns_answer.c: replies of hostile name servers (util/net/dns.h). The question section is put in front, so that the rest is
 * looked at. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "util/net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void look(const struct dns_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct dns_record *record = &answer->records[i];
        if (record->type == DNS_A)
            assert(record->length == 4);
        else if (record->type == DNS_AAAA)
            assert(record->length == 16);
        else if (record->type != DNS_TLSA)
            assert(record->name != NULL && strlen(record->name) < 70000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const enum dns_type types[] = { DNS_A, DNS_NS, DNS_CNAME, DNS_PTR, DNS_MX, DNS_TXT, DNS_AAAA, DNS_SRV, DNS_TLSA };
    static const unsigned char name[] = { 1, 'a', 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0 };
    unsigned char reply[4096] = { 0 };
    size_t start = 12 + sizeof(name) + 4;

    if (length < 3)
        return 0;
    enum dns_type type = types[bytes[0] % (sizeof(types) / sizeof(types[0]))];
    struct arena *arena = arena_new();
    struct dns_answer answer;
    (void)dns_decode(bytes, length, "a.example", type, arena, &answer); /* as it came */
    look(&answer);
    reply[2] = 0x81;
    reply[3] = bytes[1] & 0x0f;
    reply[5] = 1;
    reply[7] = bytes[2] % 8;
    memcpy(reply + 12, name, sizeof(name));
    reply[12 + sizeof(name) + 1] = (unsigned char)type;
    reply[12 + sizeof(name) + 3] = 1;
    size_t rest = length - 3 < sizeof(reply) - start ? length - 3 : sizeof(reply) - start;
    memcpy(reply + start, bytes + 3, rest);
    (void)dns_decode(reply, start + rest, "a.example", type, arena, &answer);
    look(&answer);
    arena_free(arena);
    return 0;
}
