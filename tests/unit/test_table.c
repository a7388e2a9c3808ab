/* Look-up tables: types, folding, failures; lists of tables; match lists. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"
#include "util/table/table.h"
#include "util/table/table_simple.h"

/* What a look-up answers, as text: the value, "(absent)" or "(failed)". */
static const char *answer(enum table_result result, const struct str *value)
{
    switch (result) {
    case TABLE_FOUND:
        return str_text(value);
    case TABLE_ABSENT:
        return "(absent)";
    case TABLE_FAILED:
        return "(failed)";
    }
    return "?";
}

static void check_answer(const char *table_text, const char *key, const char *wanted)
{
    struct str value = {0};
    struct table *table = table_open(NULL, table_text, TABLE_FOLD | TABLE_UTF8 | TABLE_QUIET);
    const char *got = answer(table_find(table, key, &value), &value);

    if (strcmp(got, wanted) != 0)
        fail_msg("%s: \"%s\" gives \"%s\", not \"%s\"", table_text, key, got, wanted);
    table_close(table);
    str_free(&value);
}

static void each_type_answers(void **unused)
{
    static const struct { const char *table; const char *key; const char *wanted; } cases[] = {
        { "static:abc", "x", "abc" },
        { "static:{ a b }", "x", "a b" },
        { "static:{a", "x", "(failed)" },
        { "inline:{a=1,{b = two words},c=3}", "b", "two words" },
        { "inline:{A=1}", "a", "1" },
        { "inline:{a=1}", "A", "1" },
        { "inline:{a=1}", "z", "(absent)" },
        { "inline:{\xc3\x84=1}", "\xc3\xa4", "1" },
        { "inline:{a=1}", "\xe4", "(absent)" },
        { "fail:x", "x", "(failed)" },
        { "nosuch:x", "x", "(failed)" },
        { "hash:/nonexistent/file", "x", "(failed)" },
        { "unix:shadow.byname", "x", "(failed)" },
        { "randmap:{only}", "x", "only" },
        { "pipemap:{inline:{k=b},inline:{b=c}}", "k", "c" },
        { "pipemap:{inline:{k=b},inline:{x=c}}", "k", "(absent)" },
        { "pipemap:{inline:{k=b},fail:x}", "k", "(failed)" },
        { "unionmap:{static:one,inline:{k=two},static:three}", "k", "one,two,three" },
        { "unionmap:{static:one,fail:x}", "k", "(failed)" },
        { "unionmap:{}", "k", "(failed)" },
        { "inline:{ }", "k", "(failed)" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_answer(cases[i].table, cases[i].key, cases[i].wanted);
}

static void patterns_match_as_documented(void **unused)
{
    static const char *const types[] = { "regexp", "pcre" };
    static const struct { const char *rules; const char *key; const char *wanted; } cases[] = {
        { "{{/^(a+)b$/ x${1}y}}", "AAB", "xAAy" },
        { "{{/^a$/i x}}", "A", "(absent)" },
        { "{{!/z/ no z}}", "q", "no z" },
        { "{{/(a)(b)?(c)?/ 1=$1 2=$2 3=$3 $(1)$$}}", "ac", "1=a 2= 3=c a$" },
        { "{{if /b/} {/c/ 2} {if !/d/} {/e/ 3} {endif} {/f/ 4} {endif} {/z/ 5}}", "be", "3" },
        { "{{if /b/} {/c/ 2} {if !/d/} {/e/ 3} {endif} {/f/ 4} {endif} {/z/ 5}}", "bdef", "4" },
        { "{{if /b/} {/c/ 2} {if !/d/} {/e/ 3} {endif} {/f/ 4} {endif} {/z/ 5}}", "cz", "5" },
        { "{{/a(b)/ $2} {/a/ second}}", "ab", "second" },
        { "{{!/q/ $1} {/a/ second}}", "ab", "second" },
        { "{{/(/ bad} {/a/ good}}", "a", "good" },
        { "{/a/ b}", "a", "(failed)" },
        { "{}", "a", "(absent)" },
    };
    for (size_t i = 0; i < COUNT_OF(cases) * COUNT_OF(types); i++) {
        struct str name = {0};
        str_printf(&name, "%s:%s", types[i % COUNT_OF(types)], cases[i / COUNT_OF(types)].rules);
        check_answer(str_text(&name), cases[i / COUNT_OF(types)].key, cases[i / COUNT_OF(types)].wanted);
        str_free(&name);
    }
}

static void substitution_can_be_forbidden(void **unused)
{
    struct str value = {0};
    struct table *table = table_open(NULL, "regexp:{{/(x)/ a$1} {/x/ fixed}}", TABLE_NO_SUBSTITUTION);

    assert_int_equal(table_find(table, "x", &value), TABLE_FOUND);
    assert_string_equal(str_text(&value), "fixed");
    table_close(table);
    str_free(&value);
}

static void networks_match_in_order(void **unused)
{
    static const char rules[] = "cidr:{{10.0.0.0/8 ten} {[2001:db8::]/32 doc} {if !192.168.0.0/16} {1.2.3.4 one} {endif}"
        " {1.2.3.4/24 host bits} {0.0.0.0/0 rest}}";
    static const struct { const char *key; const char *wanted; } cases[] = {
        { "10.255.1.1", "ten" }, { "2001:db8:1::1", "doc" }, { "1.2.3.4", "one" }, { "1.2.3.5", "rest" },
        { "::1", "(absent)" }, { "host.example", "(absent)" }, { "1.2.3", "(absent)" }, { "", "(absent)" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_answer(rules, cases[i].key, cases[i].wanted);
}

/* A table file in a folder of its own. */
static void in_scratch_folder(void (*test)(const char *path))
{
    char folder[] = "/tmp/test_table.XXXXXX";
    struct str path = {0};

    assert_non_null(mkdtemp(folder));
    str_printf(&path, "%s/t", folder);
    test(str_text(&path));
    static const char *const suffixes[] = { "", ".db" };
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        str_clear(&path);
        str_printf(&path, "%s/t%s", folder, suffixes[i]);
        (void)unlink(str_text(&path)); /* may not exist */
    }
    assert_int_equal(rmdir(folder), 0);
    str_free(&path);
}

static void put_and_find(const char *type, const char *path, unsigned put_flags, unsigned find_flags, const char *wanted)
{
    struct str name = {0};
    struct str text = {0};

    str_printf(&name, "%s:%s", type, path);
    struct table *table = table_open(NULL, str_text(&name), put_flags | TABLE_FOLD | TABLE_WRITE | TABLE_CREATE | TABLE_EMPTY);
    assert_int_equal(table_put(table, "Key", "value", false, &text), TABLE_PUT_DONE);
    assert_int_equal(table_put(table, "KEY", "other", false, &text), TABLE_PUT_DUPLICATE);
    assert_true(table_commit(table, &text));
    table_close(table);
    table = table_open(NULL, str_text(&name), find_flags | TABLE_FOLD);
    assert_string_equal(answer(table_find(table, "kEY", &text), &text), wanted);
    table_close(table);
    str_free(&name);
    str_free(&text);
}

static void check_database(const char *path)
{
    put_and_find("hash", path, 0, 0, "value");
    put_and_find("hash", path, TABLE_KEYS_WITHOUT_NUL, 0, "value");
    put_and_find("hash", path, TABLE_KEYS_WITHOUT_NUL, TABLE_KEYS_WITH_NUL, "(absent)");
    put_and_find("btree", path, 0, 0, "value");
}

static void databases_are_read_with_and_without_zero_bytes(void **unused)
{
    in_scratch_folder(check_database);
}

static void check_change(const char *path)
{
    struct str name = {0};

    put_and_find("hash", path, 0, 0, "value");
    str_printf(&name, "hash:%s", path);
    struct table *table = table_open(NULL, str_text(&name), TABLE_FOLD);
    assert_false(table_has_changed(table));
    put_and_find("hash", path, 0, 0, "value");
    assert_true(table_has_changed(table));
    table_close(table);
    str_free(&name);
}

static void a_new_database_is_noticed(void **unused)
{
    in_scratch_folder(check_change);
}

static void the_first_table_wins_and_failures_end_the_search(void **unused)
{
    static const struct { const char *list; const char *key; const char *wanted; bool fixed_only; } cases[] = {
        { "inline:{a=1}, inline:{a=2,b=3}", "a", "1", false },
        { "inline:{a=1} inline:{a=2,b=3}", "b", "3", false },
        { "inline:{a=1}, fail:x, inline:{b=3}", "b", "(failed)", false },
        { "inline:{a=1}, fail:x", "a", "1", false },
        { "", "a", "(absent)", false },
        { "static:x", "", "(absent)", false },
        { "inline:{{a = }}, static:x", "a", "(failed)", false },
        { "regexp:{{/a/ 1}}, inline:{a=2}", "a", "1", false },
        { "regexp:{{/a/ 1}}, inline:{a=2}", "a", "2", true },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str value = {0};
        const char *which = NULL;
        struct maps *maps = maps_open(NULL, "test_maps", cases[i].list, TABLE_FOLD);
        enum table_result result = cases[i].fixed_only ? maps_find_fixed(maps, cases[i].key, &value, &which)
            : maps_find(maps, cases[i].key, &value, &which);
        if (strcmp(answer(result, &value), cases[i].wanted) != 0)
            fail_msg("%s: \"%s\" gives \"%s\"", cases[i].list, cases[i].key, answer(result, &value));
        assert_true((which != NULL) == (result != TABLE_ABSENT));
        maps_close(maps);
        str_free(&value);
    }
}

static void match_lists_take_the_first_pattern_that_fits(void **unused)
{
    static const struct { const char *patterns; const char *name; const char *address; enum table_result wanted; } cases[] = {
        { "127.0.0.0/8, [::1]/128", "localhost", "127.9.9.9", TABLE_FOUND },
        { "127.0.0.0/8, [::1]/128", "localhost", "::1", TABLE_FOUND },
        { "127.0.0.0/8, [::1]/128", "x.example", "10.0.0.1", TABLE_ABSENT },
        { "!10.0.0.1, 10.0.0.0/8", "x.example", "10.0.0.1", TABLE_ABSENT },
        { "!10.0.0.1, 10.0.0.0/8", "x.example", "10.0.0.2", TABLE_FOUND },
        { ".example", "x.example", "10.0.0.1", TABLE_FOUND },
        { "example", "x.example", "10.0.0.1", TABLE_ABSENT },
        { "X.Example", "x.example", "10.0.0.1", TABLE_FOUND },
        { "1.2.3/24, 10.0.0.0/8", "x.example", "10.0.0.1", TABLE_FAILED },
        { "10.0.0.0/8, 1.2.3/24", "x.example", "10.0.0.1", TABLE_FOUND },
        { "cidr:{{10.0.0.0/8 x}}", "x.example", "10.0.0.1", TABLE_FOUND },
        { "inline:{.example=x}", "a.b.example", "10.0.0.1", TABLE_FOUND },
        { "fail:x", "x.example", "10.0.0.1", TABLE_FAILED },
        { "", "x.example", "10.0.0.1", TABLE_ABSENT },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct match_list *list = match_list_open(NULL, "test_list", cases[i].patterns);
        if (match_list_client(list, cases[i].name, cases[i].address) != cases[i].wanted)
            fail_msg("\"%s\" for %s[%s]", cases[i].patterns, cases[i].name, cases[i].address);
        match_list_close(list);
    }
}

static struct str asked;

/* The system's users: root alone. */
static enum table_result ask_users(const char *table, const char *key, struct str *value)
{
    str_put(&asked, key);
    str_put_char(&asked, ' ');
    if (strcmp(key, "root") != 0)
        return TABLE_ABSENT;
    str_set(value, "root:x:0:0::/:/bin/sh");
    return TABLE_FOUND;
}

static void users_are_asked_for_once_where_the_bare_name_decides(void **unused)
{
    static const struct { const char *list; const char *user; const char *asked; enum table_result full; enum table_result bare; } cases[] = {
        { "unix:passwd.byname", "root", "root root ", TABLE_ABSENT, TABLE_FOUND },
        { "unix:passwd.byname", "nobody-else", "nobody-else nobody-else@x ", TABLE_ABSENT, TABLE_ABSENT },
        { "inline:{{root@x=1}} unix:passwd.byname", "root", "root ", TABLE_FOUND, TABLE_FOUND },
        { "unix:passwd.byname", NULL, "root@x root ", TABLE_ABSENT, TABLE_FOUND },
    };

    table_simple_ask_users_by(ask_users);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct maps *maps = maps_open(NULL, "test", cases[i].list, 0);
        const char *user = cases[i].user == NULL ? "root" : cases[i].user;
        struct str key = {0};
        struct str value = {0};
        str_printf(&key, "%s@x", user);
        str_clear(&asked);
        maps_expect_user(maps, cases[i].user);
        assert_int_equal(maps_find(maps, str_text(&key), &value, NULL), cases[i].full);
        if (cases[i].full == TABLE_ABSENT)
            assert_int_equal(maps_find(maps, user, &value, NULL), cases[i].bare);
        assert_string_equal(str_text(&asked), cases[i].asked);
        str_free(&key);
        str_free(&value);
        maps_close(maps);
    }
    str_free(&asked);
    table_simple_ask_users_by(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_answers),
        cmocka_unit_test(patterns_match_as_documented),
        cmocka_unit_test(substitution_can_be_forbidden),
        cmocka_unit_test(networks_match_in_order),
        cmocka_unit_test(databases_are_read_with_and_without_zero_bytes),
        cmocka_unit_test(a_new_database_is_noticed),
        cmocka_unit_test(the_first_table_wins_and_failures_end_the_search),
        cmocka_unit_test(match_lists_take_the_first_pattern_that_fits),
        cmocka_unit_test(users_are_asked_for_once_where_the_bare_name_decides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
