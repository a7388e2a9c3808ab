#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "qmgr/spool/queue_id.h"
#include "util/base/memory.h"

/* The forms that Postfix's manual shows. */
static void both_forms_are_made(void **unused)
{
    static const struct {
        int64_t now_us;
        uint64_t inode;
        bool long_form;
        const char *id;
    } cases[] = {
        { 1700000000123456, 0xABC, false, "1E240ABC" },
        { 1700000000000001, 1, false, "000011" },
        { 0, 0, true, "0000000000z0" },
        { 1, 50, true, "0000000001zy" },
        { 51, 51, true, "000000000zz10" },
        { 52000000, 1, true, "0000100000z1" },
    };
    struct str id = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        queue_id_make(&id, cases[i].now_us, cases[i].inode, cases[i].long_form);
        assert_string_equal(str_text(&id), cases[i].id);
        assert_int_equal(queue_id_is_long(str_text(&id)), cases[i].long_form);
        assert_true(queue_id_is_valid(str_text(&id)));
    }
    str_free(&id);
}

static void what_cannot_be_a_file_of_ours_is_refused(void **unused)
{
    static const char *const bad[] = { "", "../x", "a/b", "new.123", "A B", "A\n", "\xC3\xA4",
        "00000000001111111111222222222233333333334444444444555555555566666666667777777777888888888899999999990" };

    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(queue_id_is_valid(bad[i]));
    assert_true(queue_id_is_valid("ABCDEF0123"));
}

/* Long ids lie where their short form would: seen with Debian's Postfix at depth 2. */
static void folders_are_chosen_as_postfix_does(void **unused)
{
    static const struct {
        const char *id;
        const char *folders;
    } cases[] = {
        { "4jXB8x54Qsz2g", "AE" },
        { "4jXB8x51Dcz2Z", "AC" },
        { "4jXB8x4pp2z2C", "A5" },
        { "EAA08A723E7", "EA" },
        { "7", "7_" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(queue_id_hash_character(cases[i].id, 0), cases[i].folders[0]);
        assert_int_equal(queue_id_hash_character(cases[i].id, 1), cases[i].folders[1]);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_are_made),
        cmocka_unit_test(what_cannot_be_a_file_of_ours_is_refused),
        cmocka_unit_test(folders_are_chosen_as_postfix_does),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
