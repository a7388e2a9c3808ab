/* Addresses: external and internal form, extensions, look-up order, standard form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/mail/address.h"
#include "util/mail/address_find.h"
#include "util/mail/rewrite.h"
#include "util/mail/verp.h"
#include "util/mail/xtext.h"

static void quoting_is_undone_by_unquoting(void **unused)
{
    static const struct { const char *internal; const char *external; } cases[] = {
        { "a@b", "a@b" }, { "a b@c", "\"a b\"@c" }, { "a@b@c", "\"a@b\"@c" }, { "a.@c", "\"a.\"@c" },
        { ".a@c", "\".a\"@c" }, { "a..b@c", "\"a..b\"@c" }, { "@c", "\"\"@c" }, { "a\"b@c", "\"a\\\"b\"@c" },
        { "a\\b@c", "\"a\\\\b\"@c" }, { "a%b!c@d", "a%b!c@d" }, { "\xc3\xa9@c", "\xc3\xa9@c" }, { "", "" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str external = {0};
        struct str internal = {0};
        address_quote(cases[i].internal, &external);
        assert_string_equal(str_text(&external), cases[i].external);
        assert_true(address_unquote(str_text(&external), &internal));
        assert_string_equal(str_text(&internal), cases[i].internal);
        str_free(&external);
        str_free(&internal);
    }
}

static void extensions_are_found(void **unused)
{
    static const struct { const char *local; const char *delimiters; size_t length; } cases[] = {
        { "user+ext", "+", 4 }, { "user-a+b", "+-", 4 }, { "user", "+", 4 }, { "+user", "+", 5 }, { "user+ext", "", 8 },
        { "owner-list", "-", 10 }, { "list-request", "-", 12 }, { "mailer-daemon", "-", 13 }, { "double-bounce", "-", 13 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(address_user_length(cases[i].local, strlen(cases[i].local), cases[i].delimiters, true),
            cases[i].length);
}

/* What the rewrite service of Postfix 3.7 answers. */
static void addresses_get_their_standard_form(void **unused)
{
    static const struct { const char *address; const char *local; const char *remote; } cases[] = {
        { "user", "user@mail.example.test", "user@remote.invalid" },
        { "user@", "user@", "user@" },
        { "user@host", "user@host.example.test", "user@host.remote.invalid" },
        { "user@host.", "user@host", "user@host" },
        { "user@host..", "user@host..", "user@host.." },
        { "user@.", "user@.", "user@." },
        { "user@[1.2.3.4]", "user@[1.2.3.4]", "user@[1.2.3.4]" },
        { "@", "", "" },
        { "a%b", "a@b.example.test", "a@b.remote.invalid" },
        { "a%b%c.d", "a%b@c.d", "a%b@c.d" },
        { "a%b@c.d", "a%b@c.d", "a%b@c.d" },
        { "%b.c", "@b.c", "@b.c" },
        { "c.d!b!a", "b!a@c.d", "b!a@c.d" },
        { "!a", "a@", "a@" },
        { "b.d!a%c", "a%c@b.d", "a%c@b.d" },
        { "@a,@b:c@d.e", "c@d.e", "c@d.e" },
        { "@a:@b:c@d.e", "@b:c@d.e", "@b:c@d.e" },
        { "", "", "" },
    };
    struct config *config;
    struct str why = {0};
    struct str result = {0};

    assert_true(config_from_text("myhostname = mail.example.test\nmydomain = example.test\nappend_dot_mydomain = yes\n"
        "remote_header_rewrite_domain = remote.invalid\n", NULL, 0, NULL, &config, &why));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        rewrite_address(config, REWRITE_LOCAL, cases[i].address, &result);
        assert_string_equal(str_text(&result), cases[i].local);
        rewrite_address(config, REWRITE_REMOTE, cases[i].address, &result);
        assert_string_equal(str_text(&result), cases[i].remote);
    }
    config_free(config);
    str_free(&why);
    str_free(&result);
}

static void a_verp_sender_names_the_recipient(void **unused)
{
    static const struct { const char *sender; const char *recipient; const char *delimiters; const char *expected; } cases[] = {
        { "list@a.example", "user@b.example", "+=", "list+user=b.example@a.example" },
        { "list+x@a.example", "u+z@b.example", "-=", "list+x-u+z=b.example@a.example" },
        { "list@a.example", "user", "+=", "list+user@a.example" },
        { "a b@a.example", "u@v@b.example", "+=", "a b+u@v=b.example@a.example" },
    };
    struct str result = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        verp_sender(cases[i].sender, cases[i].recipient, cases[i].delimiters, &result);
        assert_string_equal(str_text(&result), cases[i].expected);
    }
    assert_true(verp_delimiters_are_valid("+=", "-=+"));
    assert_false(verp_delimiters_are_valid("+x", "-=+"));
    assert_false(verp_delimiters_are_valid("+", "-=+"));
    str_free(&result);
}

static void original_recipients_are_encoded_for_the_wire(void **unused)
{
    static const struct { const char *text; const char *expected; } cases[] = {
        { "\xc3\xbc@utf.example", "\\x{FC}@utf.example" },
        { "a+b=\\ \xe2\x82\xac\xf0\x9f\x98\x80", "a\\x{2B}b\\x{3D}\\x{5C}\\x{20}\\x{20AC}\\x{1F600}" },
        { "\xc3@\xff", "?@?" },
    };
    struct str out = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str_clear(&out);
        xtext_put_utf8(&out, cases[i].text);
        assert_string_equal(str_text(&out), cases[i].expected);
    }
    str_free(&out);
}

static void original_recipients_are_shown_to_people_as_text(void **unused)
{
    static const struct { const char *text; const char *expected; } cases[] = {
        { "utf-8;\\x{FC}@utf.example", "utf-8;\xc3\xbc@utf.example" },
        { "a\\x{2B}b+2Bc\\x{20AC}\\x{1F600}", "a+b+c\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "\\x{0A}\\x{D800}\\x{110000}\\x{}\\x{FC\\x", "\\x{0A}\\x{D800}\\x{110000}\\x{}\\x{FC\\x" },
    };
    struct str out = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str_clear(&out);
        xtext_decode_utf8(&out, cases[i].text);
        assert_string_equal(str_text(&out), cases[i].expected);
    }
    str_free(&out);
}

static bool is_ours(void *context, const char *domain)
{
    return strcmp(domain, "example.test") == 0;
}

static void addresses_are_looked_up_from_whole_to_domain(void **unused)
{
    static const struct { const char *address; const char *value; const char *extension; } cases[] = {
        { "a+ext@example.test", "full", "" }, { "a+other@example.test", "user", "+other" },
        { "b+ext@example.test", "local full", "" }, { "b+other@example.test", "local user", "+other" },
        { "c@example.test", "catch-all", "" }, { "c+ext@example.test", "catch-all", "" },
        { "b+ext@other.test", NULL, "" },
    };
    struct maps *maps = maps_open(NULL, "test_maps", "inline:{a+ext@example.test=full,a@example.test=user,"
        "{b+ext=local full},{b=local user},@example.test=catch-all}", TABLE_FOLD);
    struct address_find find = { .maps = maps, .delimiters = "+", .owner_special = true, .forms = FIND_ALL,
        .domain_is_local = is_ours };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str value = {0};
        struct str extension = {0};
        enum table_result result = address_find(&find, cases[i].address, &value, &extension, NULL);
        assert_int_equal(result, cases[i].value == NULL ? TABLE_ABSENT : TABLE_FOUND);
        if (cases[i].value != NULL)
            assert_string_equal(str_text(&value), cases[i].value);
        assert_string_equal(str_text(&extension), cases[i].extension);
        str_free(&value);
        str_free(&extension);
    }
    maps_close(maps);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(quoting_is_undone_by_unquoting),
        cmocka_unit_test(extensions_are_found),
        cmocka_unit_test(a_verp_sender_names_the_recipient),
        cmocka_unit_test(original_recipients_are_encoded_for_the_wire),
        cmocka_unit_test(original_recipients_are_shown_to_people_as_text),
        cmocka_unit_test(addresses_get_their_standard_form),
        cmocka_unit_test(addresses_are_looked_up_from_whole_to_domain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
