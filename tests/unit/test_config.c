#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/check.h"
#include "util/config/config.h"
#include "util/config/main_cf.h"
#include "util/config/value.h"

static struct config *load(const char *text)
{
    struct config *config;
    struct str why = { 0 };

    if (!config_from_text(text, NULL, 0, "smtpd", &config, &why))
        fail_msg("%s: %s", text, str_text(&why));
    str_free(&why);
    return config;
}

static void lines_are_joined_and_comments_left_out(void **unused)
{
    struct config *config = load("# head\nmyhostname = a.example\n\nmydestination = one,\n  # inside\n\n\ttwo \n three\n"
                                 "relayhost=[x]  \n#tail");

    assert_string_equal(config->mydestination, "one,\ttwo  three");
    assert_string_equal(config->relayhost, "[x]");
    assert_string_equal(config->mydomain, "example");
    assert_true(config_is_set(config, "relayhost"));
    assert_false(config_is_set(config, "mydomain"));
    config_free(config);
}

static void syntax_errors_name_the_line(void **unused)
{
    static const struct { const char *text; const char *why; } cases[] = {
        { "a = b\n\nmyhostname x\n", "main.cf, line 3: missing '=' after attribute name: \"myhostname x\"" },
        { "= value\n", "main.cf, line 1: missing attribute name: \"= value\"" },
        { "my host = x", "main.cf, line 1: missing '=' after attribute name: \"my host = x\"" },
        { "soft_bounce = maybe", "bad boolean configuration: soft_bounce = maybe" },
        { "ipc_timeout = 5x", "parameter ipc_timeout: bad time value or unit: 5x" },
        { "ipc_timeout = 0s", "invalid ipc_timeout: 0 (min 1)" },
        { "line_length_limit = big", "bad numerical configuration: line_length_limit = big" },
        { "line_length_limit = -1", "invalid line_length_limit parameter value -1 < 512" },
        { "line_length_limit = 99999999999", "bad numerical configuration: line_length_limit = 99999999999" },
        { "mail_owner =", "bad string length 0 < 1: mail_owner = " },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct config *config;
        struct str why = { 0 };
        assert_false(config_from_text(cases[i].text, NULL, 0, "smtpd", &config, &why));
        assert_string_equal(str_text(&why), cases[i].why);
        str_free(&why);
    }
}

static void bad_values_of_other_programs_fall_back_to_the_default(void **unused)
{
    struct config *config = load("smtp_connect_timeout = never\n");

    assert_int_equal(config->smtp_connect_timeout, 30);
    config_free(config);
}

static void overrides_win_and_are_expanded(void **unused)
{
    static const struct config_override overrides[] = { { "smtpd_banner", "$myhostname $own" }, { "own", "x" } };
    struct config *config;
    struct str why = { 0 };

    assert_true(config_from_text("myhostname = a.example\nsmtpd_banner = no\n", overrides, 2, "smtpd", &config, &why));
    assert_string_equal(config->smtpd_banner, "a.example x");
    assert_string_equal(config_value(config, "own"), "x");
    assert_null(config_value(config, "nobodys"));
    str_free(&why);
    config_free(config);
}

static void units_and_ranges_of_values(void **unused)
{
    struct config *config = load("smtpd_timeout = 2m\nbounce_queue_lifetime = 2\nsoft_bounce = YES\n"
                                 "x_destination_recipient_limit = 7\n");

    assert_int_equal(config->smtpd_timeout, 120);
    assert_int_equal(config->bounce_queue_lifetime, 2 * 86400);
    assert_true(config->soft_bounce);
    assert_int_equal(config_transport_number(config, "x", "_destination_recipient_limit"), 7);
    assert_int_equal(config_transport_number(config, "y", "_destination_recipient_limit"), 50);
    config_free(config);
}

static void raw_values_stay_unexpanded(void **unused)
{
    struct config *config = load("forward_path = $home/.forward\nmailbox_command = /x $USER\n");

    assert_string_equal(config->forward_path, "$home/.forward");
    assert_string_equal(config->mailbox_command, "/x $USER");
    config_free(config);
}

static void lmtp_values_take_the_place_of_smtp_ones(void **unused)
{
    struct config *config = load("lmtp_connect_timeout = 5\nsmtp_connect_timeout = 6\n");

    config_use_prefix(config, "lmtp_", "smtp_");
    assert_int_equal(config->smtp_connect_timeout, 5);
    config_free(config);
}

static void every_default_is_valid(void **unused)
{
    struct config *config = load("");
    struct str why = { 0 };

    for (size_t row = 0; row < parameter_count; row++) {
        const struct parameter *parameter = &parameter_table[row];
        int64_t value;
        if (parameter->value == NULL || !value_is_number(parameter->type))
            continue;
        const char *text = config_value(config, parameter->name);
        if (!value_parse_number(parameter, parameter->name, text, &value, &why))
            fail_msg("%s = %s: %s", parameter->name, parameter->value, str_text(&why));
    }
    str_free(&why);
    config_free(config);
}

static void the_nearest_name_is_a_near_one(void **unused)
{
    assert_string_equal(check_nearest("smtpd_baner"), "smtpd_banner");
    assert_string_equal(check_nearest("mydestinatoin"), "mydestination");
    assert_null(check_nearest("wholly_unrelated_words_here"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_joined_and_comments_left_out),
        cmocka_unit_test(syntax_errors_name_the_line),
        cmocka_unit_test(bad_values_of_other_programs_fall_back_to_the_default),
        cmocka_unit_test(overrides_win_and_are_expanded),
        cmocka_unit_test(units_and_ranges_of_values),
        cmocka_unit_test(raw_values_stay_unexpanded),
        cmocka_unit_test(lmtp_values_take_the_place_of_smtp_ones),
        cmocka_unit_test(every_default_is_valid),
        cmocka_unit_test(the_nearest_name_is_a_near_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
