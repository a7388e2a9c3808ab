/* TLS sessions in a cache that others can read and write: how they are sealed, and the form of an entry. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "master/tlsmgr/session_cache.h"
#include "util/base/memory.h"
#include "util/net/tls_context.h"
#include "util/net/tls_seal.h"

static const unsigned char secret[TLS_SECRET_BYTES] = "a secret of the service";
static const unsigned char other[TLS_SECRET_BYTES] = "a secret of another one";

static void what_was_sealed_is_opened(void **unused)
{
    struct str sealed = {0};
    struct str opened = {0};
    char bytes[5000] = "session";

    for (size_t length = 0; length <= sizeof(bytes); length += 500) {
        assert_true(tls_seal_close(secret, "name", bytes, length, &sealed));
        assert_true(tls_seal_open(secret, "name", sealed.data, sealed.length, &opened));
        assert_int_equal(opened.length, length);
        assert_memory_equal(str_text(&opened), bytes, length);
    }
    assert_null(memmem(sealed.data, sealed.length, "session", 7));
    str_free(&sealed);
    str_free(&opened);
}

static void nothing_else_is_opened(void **unused)
{
    struct str sealed = {0};
    struct str opened = {0};

    assert_true(tls_seal_close(secret, "name", "session", 7, &sealed));
    assert_false(tls_seal_open(other, "name", sealed.data, sealed.length, &opened));
    assert_false(tls_seal_open(secret, "nam", sealed.data, sealed.length, &opened));
    for (size_t length = 0; length < sealed.length; length++)
        assert_false(tls_seal_open(secret, "name", sealed.data, length, &opened));
    for (size_t i = 0; i < sealed.length; i++) {
        sealed.data[i] ^= 1;
        assert_false(tls_seal_open(secret, "name", sealed.data, sealed.length, &opened));
        sealed.data[i] ^= 1;
    }
    str_free(&sealed);
    str_free(&opened);
}

static void entries_are_digits_with_the_time_in_front(void **unused)
{
    static const struct {
        const char *value;
        bool good;
    } cases[] = {
        { "0100000000000000AB", true },
        { "0100000000000000ab", false },
        { "0100000000000000A", false },
        { "0100000000000000", false },
        { "01000000000000", false },
        { "", false },
        { "0100000000000000AG", false },
    };
    struct str value = {0};
    struct str session = {0};
    int64_t put_s;

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (session_cache_parse(cases[i].value, &put_s, &session) != cases[i].good)
            fail_msg("\"%s\"", cases[i].value);
    }
    session_cache_print(1700000000, (struct ipc_bytes){ "\0\xff\n", 3 }, &value);
    assert_true(session_cache_parse(str_text(&value), &put_s, &session));
    assert_int_equal(put_s, 1700000000);
    assert_int_equal(session.length, 3);
    assert_memory_equal(session.data, "\0\xff\n", 3);
    str_free(&value);
    str_free(&session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sealed_is_opened),
        cmocka_unit_test(nothing_else_is_opened),
        cmocka_unit_test(entries_are_digits_with_the_time_in_front),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
