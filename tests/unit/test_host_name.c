/* test_host_name.c: what counts as a host name or an address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/net/host_name.h"

static void names_are_judged_by_their_labels(void **unused)
{
    static const struct { const char *name; unsigned how; bool valid; } cases[] = {
        { "mail.example", 0, true },       { "a_b.example", 0, true },           { "", 0, false },
        { "-a.example", 0, false },        { "a-.example", 0, false },           { "a..example", 0, false },
        { ".example", 0, false },          { "example.", 0, false },             { "a b.example", 0, false },
        { "1.2.3.4", 0, false },           { "1.2.3.4", HOST_NAME_NUMERIC_TOO, true }, { "1.2.3.x", 0, true },
        { "m\xC3\xBC.example", 0, false }, { "m\xC3\xBC.example", HOST_NAME_UTF8, true },
        { "m\xC3.example", HOST_NAME_UTF8, false },
        { "a123456789012345678901234567890123456789012345678901234567890123.example", 0, false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (host_name_is_valid(cases[i].name, cases[i].how) != cases[i].valid)
            fail_msg("%s with %u", cases[i].name, cases[i].how);
    }
}

static void literals_give_their_address(void **unused)
{
    static const struct { const char *literal; const char *address; } cases[] = {
        { "[192.0.2.1]", "192.0.2.1" }, { "[IPv6:2001:db8::1]", "2001:db8::1" }, { "[ipv6:::1]", "::1" },
        { "[2001:db8::1]", NULL },      { "[ipv6:192.0.2.1]", NULL },            { "[]", NULL },
        { "[", NULL },                  { "192.0.2.1", NULL },                   { "[192.0.2.1", NULL },
        { "[192.0.2.400]", NULL },      { "[IPv6:]", NULL },                     { "[IPv6]", NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char address[INET6_ADDRSTRLEN] = "";
        bool taken = host_name_take_literal(cases[i].literal, HOST_NAME_SILENT, address, sizeof(address));
        if (taken != (cases[i].address != NULL) || (taken && strcmp(address, cases[i].address) != 0))
            fail_msg("%s gave %s", cases[i].literal, address);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_judged_by_their_labels),
        cmocka_unit_test(literals_give_their_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
