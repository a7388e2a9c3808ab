#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "delivery/smtp/smtp_sasl_cache.h"
#include "util/base/memory.h"

static const struct smtp_sasl_attempt attempt = { .server = "mx.example", .user = "user", .password = "wrong", .password_length = 5 };

/* As Debian's Postfix 3.7.11 wrote it. */
#define DIGEST "pLSKgc2rHhpd03kH1shcocYd3Hw="

static void entries_look_as_postfix_writes_them(void **unused)
{
    struct str value = {0};

    smtp_sasl_cache_format(&attempt, 1795333335, "5.7.8", "535 5.7.8 authentication failed", &value);
    assert_string_equal(str_text(&value), "1795333335;" DIGEST ";5.7.8;535 5.7.8 authentication failed");
    smtp_sasl_cache_format(&attempt, 1, "5.7.8", "535-5.7.8 two\n535 5.7.8 lines", &value);
    assert_string_equal(str_text(&value), "1;" DIGEST ";5.7.8;535-5.7.8 two");
    str_free(&value);
}

static void only_the_same_password_is_known_and_only_for_a_while(void **unused)
{
    static const struct {
        const char *value;
        int64_t now_s;
        enum smtp_sasl_cached expected;
    } cases[] = {
        { "1000;" DIGEST ";5.7.8;535 5.7.8 no; not you", 1000, SMTP_SASL_CACHED_REFUSED },
        { "1000;" DIGEST ";5.7.8;535 5.7.8 no; not you", 1100, SMTP_SASL_CACHED_REFUSED },
        { "1000;" DIGEST ";5.7.8;535 5.7.8 no; not you", 1101, SMTP_SASL_CACHED_EXPIRED },
        { "1000;2jmj7l5rSw0yVb/vlWAYkK/YBwk=;5.7.8;535 no", 1000, SMTP_SASL_CACHED_OTHER },
        { "1000;" DIGEST ";5.7.8", 1000, SMTP_SASL_CACHED_OTHER },
        { "1000;" DIGEST, 1000, SMTP_SASL_CACHED_OTHER },
        { "soon;" DIGEST ";5.7.8;535 no", 1000, SMTP_SASL_CACHED_OTHER },
        { "-1;" DIGEST ";5.7.8;535 no", 1000, SMTP_SASL_CACHED_OTHER },
        { "", 1000, SMTP_SASL_CACHED_OTHER },
        { ";;;", 1000, SMTP_SASL_CACHED_OTHER },
    };
    struct str status = {0};
    struct str reply = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        print_message("%s\n", cases[i].value);
        assert_int_equal(smtp_sasl_cache_parse(cases[i].value, &attempt, cases[i].now_s, 100, &status, &reply), cases[i].expected);
        if (cases[i].expected != SMTP_SASL_CACHED_REFUSED)
            continue;
        assert_string_equal(str_text(&status), "5.7.8");
        assert_string_equal(str_text(&reply), "535 5.7.8 no; not you");
    }
    str_free(&status);
    str_free(&reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_look_as_postfix_writes_them),
        cmocka_unit_test(only_the_same_password_is_known_and_only_for_a_while),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
