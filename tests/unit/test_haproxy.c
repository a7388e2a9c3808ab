/* Proxies' headers (util/net/haproxy.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/net/haproxy.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define BYTES(text) text, sizeof(text) - 1

static const struct haproxy_families all = { true, true };

static void good_headers_are_taken_and_nothing_behind_them(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        size_t taken;
        const char *client;
        unsigned client_port;
        const char *server;
        unsigned server_port;
    } cases[] = {
        { BYTES("PROXY TCP4 192.0.2.10 192.0.2.25 50000 25\r\nEHLO x\r\n"), 43, "192.0.2.10", 50000, "192.0.2.25", 25 },
        { BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 1 2\r\n"), 40, "2001:db8::1", 1, "2001:db8::2", 2 },
        { BYTES(SIGNATURE "\x21\x11\0\x0c\xc0\0\2\1\xc0\0\2\2\x10\0\0\x19NOOP"), 28, "192.0.2.1", 4096, "192.0.2.2", 25 },
        { BYTES(SIGNATURE "\x21\x11\0\x0f\xc0\0\2\1\xc0\0\2\2\x10\0\0\x19\4\0\0"), 31, "192.0.2.1", 4096, "192.0.2.2", 25 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct haproxy_header header;
        struct str why = {0};
        struct str text = {0};
        assert_true(haproxy_parse(cases[i].bytes, cases[i].length, all, &header, &why));
        assert_int_equal(header.length, cases[i].taken);
        ip_address_put(&header.client, &text);
        assert_string_equal(str_text(&text), cases[i].client);
        str_clear(&text);
        ip_address_put(&header.server, &text);
        assert_string_equal(str_text(&text), cases[i].server);
        assert_int_equal(header.client_port, cases[i].client_port);
        assert_int_equal(header.server_port, cases[i].server_port);
        str_free(&why);
        str_free(&text);
    }
}

static void bad_headers_are_named(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        const char *why;
    } cases[] = {
        { BYTES("EHLO foo\r\n"), "short protocol header: EHLO foo\\r\\n" },
        { BYTES("EHLO client.example\r\n"), "unrecognized protocol header: EHLO client.example\\r\\n" },
        { BYTES("PROXY UNKNOWN\r\n"), "bad or missing protocol type: PROXY UNKNOWN\\r\\n" },
        { BYTES("PROXY TCP4 192.0.2.1"), "missing protocol header terminator: PROXY TCP4 192.0.2.1" },
        { BYTES("PROXY TCP4 ::1 ::1 1 2\r\n"), "bad or missing client address: PROXY TCP4 ::1 ::1 1 2\\r\\n" },
        { BYTES("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n"),
          "bad or missing server port: PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\\r\\n" },
        { BYTES(SIGNATURE "\x21\x11\0\x0c\xc0"), "short protocol header: \\r\\n\\r\\n\\000\\r\\nQUIT\\n!\\021\\000\\f\\300" },
        { BYTES("PROXY \n"), "missing protocol header terminator: PROXY \\n" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct haproxy_header header;
        struct str why = {0};
        assert_false(haproxy_parse(cases[i].bytes, cases[i].length, all, &header, &why));
        assert_string_equal(str_text(&why), cases[i].why);
        str_free(&why);
    }
}

static void a_family_that_is_off_is_refused_and_a_local_header_has_no_addresses(void **state)
{
    struct haproxy_header header;
    struct str why = {0};

    assert_false(haproxy_parse(BYTES("PROXY TCP6 ::1 ::1 1 2\r\n"), haproxy_families_of("ipv4"), &header, &why));
    assert_true(haproxy_parse(BYTES("PROXY TCP6 ::1 ::1 1 2\r\n"), haproxy_families_of("ipv4, ipv6"), &header, &why));
    assert_true(haproxy_parse(BYTES(SIGNATURE "\x20\0\0\0"), haproxy_families_of("all"), &header, &why));
    assert_true(header.is_local);
    str_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_headers_are_taken_and_nothing_behind_them),
        cmocka_unit_test(bad_headers_are_named),
        cmocka_unit_test(a_family_that_is_off_is_refused_and_a_local_header_has_no_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
