#include "submission/auth/dovecot_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/sasl/sasl_base64.h"
#include "util/sasl/sasl_options.h"

static bool same(const char *left, const char *right)
{
    return left == NULL || right == NULL ? left == right : strcmp(left, right) == 0;
}

static void replies_say_what_the_protocol_says(void **unused)
{
    static const struct {
        const char *line;
        bool good;
        enum dovecot_kind kind;
        unsigned number;
        const char *text, *user, *reason;
    } cases[] = {
        { "VERSION\t1\t2", true, DOVECOT_VERSION, 1, NULL, NULL, NULL },
        { "VERSION\tx", false, DOVECOT_VERSION, 0, NULL, NULL, NULL },
        { "MECH\tPLAIN\tplaintext", true, DOVECOT_MECHANISM, 0, "PLAIN", NULL, NULL },
        { "MECH\tA B", false, DOVECOT_MECHANISM, 0, "A B", NULL, NULL },
        { "MECH", false, DOVECOT_MECHANISM, 0, NULL, NULL, NULL },
        { "DONE", true, DOVECOT_DONE, 0, NULL, NULL, NULL },
        { "OK\t7\tuser=alice", true, DOVECOT_OK, 7, NULL, "alice", NULL },
        { "OK\t7", false, DOVECOT_OK, 7, NULL, NULL, NULL },
        { "OK\t7\tuser=", false, DOVECOT_OK, 7, NULL, "", NULL },
        { "OK\t7\tuser=a\001tb", false, DOVECOT_OK, 7, NULL, "a?b", NULL },
        { "OK\t-7\tuser=alice", false, DOVECOT_OK, 0, NULL, NULL, NULL },
        { "FAIL\t7", true, DOVECOT_FAIL, 7, NULL, NULL, NULL },
        { "FAIL\t7\tuser=a\001nb\treason=no", true, DOVECOT_FAIL, 7, NULL, "a?b", "no" },
        { "FAIL\t99999999999", false, DOVECOT_FAIL, 0, NULL, NULL, NULL },
        { "CONT\t7\tUGFzc3dvcmQ6", true, DOVECOT_CONTINUE, 7, "UGFzc3dvcmQ6", NULL, NULL },
        { "CONT\t7", true, DOVECOT_CONTINUE, 7, "", NULL, NULL },
        { "CONT\t7\t\r\n250 x", false, DOVECOT_CONTINUE, 7, "\r\n250 x", NULL, NULL },
        { "SPID\t1", true, DOVECOT_OTHER, 0, NULL, NULL, NULL },
        { "", true, DOVECOT_OTHER, 0, NULL, NULL, NULL },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[100];
        struct dovecot_reply reply;
        (void)stpcpy(line, cases[i].line);
        bool good = dovecot_reply_parse(line, &reply);
        if (good != cases[i].good || reply.kind != cases[i].kind
            || (good && reply.number != cases[i].number)
            || (good && !same(reply.text, cases[i].text)) || !same(reply.user, cases[i].user)
            || !same(reply.reason, cases[i].reason))
            fail_msg("%s", cases[i].line);
    }
}

static void mechanisms_are_ruled_out_by_their_properties(void **unused)
{
    static const struct {
        const char *line;
        const char *options;
        bool ruled_out;
    } cases[] = {
        { "MECH\tPLAIN\tplaintext", "noanonymous", false },
        { "MECH\tPLAIN\tplaintext", "noanonymous, noplaintext", true },
        { "MECH\tANONYMOUS\tanonymous", "noanonymous", true },
        { "MECH\tDIGEST-MD5\tdictionary\tactive\tmutual-auth", "nodictionary", true },
        { "MECH\tDIGEST-MD5\tdictionary\tactive\tmutual-auth", "mutual_auth", false },
        { "MECH\tSCRAM-SHA-1\tmutual-auth", "mutual_auth noactive", false },
        { "MECH\tPLAIN\tplaintext", "mutual_auth", true },
        { "MECH\tX\tforward-secrecy", "forward_secrecy", false },
        { "MECH\tX", "forward_secrecy", true },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char line[100];
        struct dovecot_reply reply;
        (void)stpcpy(line, cases[i].line);
        assert_true(dovecot_reply_parse(line, &reply));
        if (((reply.options & sasl_options_parse("test", cases[i].options)) != 0) != cases[i].ruled_out)
            fail_msg("%s with %s", cases[i].line, cases[i].options);
    }
}

static void base64_takes_nothing_but_whole_groups(void **unused)
{
    static const struct {
        const char *text;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        { "", "" }, { "YQ==", "a" }, { "YWI=", "ab" }, { "YWJj", "abc" }, { "YQ=", NULL }, { "YQ", NULL }, { "=", NULL },
        { "Y===", NULL }, { "YQ==YQ==", NULL }, { "YWJj ", NULL }, { " YWJj", NULL }, { "YW?j", NULL }, { "*", NULL },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str decoded = {0};
        struct str encoded = {0};
        bool good = sasl_base64_decode(cases[i].text, &decoded);
        if (good != (cases[i].decoded != NULL) || (good && !text_equal(str_text(&decoded), cases[i].decoded)))
            fail_msg("%s", cases[i].text);
        sasl_base64_encode(decoded.data, decoded.length, &encoded);
        if (good && !text_equal(str_text(&encoded), cases[i].text))
            fail_msg("%s becomes %s", cases[i].text, str_text(&encoded));
        str_free(&decoded);
        str_free(&encoded);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_say_what_the_protocol_says),
        cmocka_unit_test(mechanisms_are_ruled_out_by_their_properties),
        cmocka_unit_test(base64_takes_nothing_but_whole_groups),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
