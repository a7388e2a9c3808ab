/* TLS: lists of main.cf, fingerprints, names, and what is made of policy tables. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/ssl.h>
#include <string.h>

#include "delivery/smtp/smtp_tls_policy.h"
#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/net/tls_ciphers.h"
#include "util/net/tls_fingerprint.h"
#include "util/net/tls_names.h"
#include "util/net/tls_options.h"
#include "util/net/tls_protocols.h"

#define OLD (SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1)

static void lists_of_versions_mean_what_they_say(void **unused)
{
    static const struct {
        const char *list;
        bool good;
        int minimum, maximum;
        uint64_t forbidden;
    } cases[] = {
        { "", true, 0, 0, 0 },
        { ">=TLSv1", true, TLS1_VERSION, 0, 0 },
        { "!SSLv2, !SSLv3, >=TLSv1.2", true, TLS1_2_VERSION, 0, SSL_OP_NO_SSLv3 },
        { "!SSLv2:!SSLv3:!TLSv1:!TLSv1.1", true, 0, 0, OLD },
        { "TLSv1.2", true, 0, 0, OLD | SSL_OP_NO_TLSv1_3 },
        { "TLSv1.2 tlsv1.3", true, 0, 0, OLD },
        { ">=0303 <=0x0304", true, 0x0303, 0x0304, 0 },
        { ">=TLSv1.1,<=TLSv1.2", true, TLS1_1_VERSION, TLS1_2_VERSION, 0 },
        { "foo", false, 0, 0, 0 },
        { ">=", false, 0, 0, 0 },
        { ">=-1", false, 0, 0, 0 },
        { "!TLSv1.4", false, 0, 0, 0 },
        { ">=TLSv1.2aaaaaaaaaaaaaaaaaaaaaaaaaaa", false, 0, 0, 0 },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tls_protocols got;
        bool good = tls_protocols_parse(cases[i].list, &got);
        if (good != cases[i].good)
            fail_msg("\"%s\" is %s", cases[i].list, good ? "taken" : "refused");
        if (good && (got.minimum != cases[i].minimum || got.maximum != cases[i].maximum || got.forbidden != cases[i].forbidden))
            fail_msg("\"%s\" gives %x %x %llx", cases[i].list, (unsigned)got.minimum, (unsigned)got.maximum,
                (unsigned long long)got.forbidden);
    }
}

static void excluded_ciphers_follow_the_grade(void **unused)
{
    static const struct tls_grades grades = { "HI", "MED", "NUL" };
    static const struct {
        const char *grade;
        const char *exclude[3];
        const char *list;
    } cases[] = {
        { "high", { NULL }, "HI" },
        { "Medium", { "aNULL, MD5", "RC4:DES", NULL }, "MED:!aNULL:!MD5:!RC4:!DES" },
        { "export", { "!3DES", NULL }, "MED:!3DES" },
        { "null", { "", NULL }, "NUL" },
        { "silly", { NULL }, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str list = {0};
        bool good = tls_ciphers_build(&grades, cases[i].grade, cases[i].exclude, &list);
        assert_int_equal(good, cases[i].list != NULL);
        if (good)
            assert_string_equal(str_text(&list), cases[i].list);
        str_free(&list);
    }
}

static void options_are_names_or_a_number(void **unused)
{
    uint64_t bits;

    assert_true(tls_options_parse("tls_ssl_options", "NO_TICKET, no_compression", &bits));
    assert_true(bits == (SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION));
    assert_true(tls_options_parse("tls_ssl_options", "0x4000", &bits));
    assert_true(bits == 0x4000);
    assert_false(tls_options_parse("tls_ssl_options", "NO_SUCH", &bits));
    assert_true(tls_options_workarounds("TLSEXT_PADDING", &bits));
    assert_true(bits == (SSL_OP_ALL & ~(uint64_t)SSL_OP_TLSEXT_PADDING));
}

static void fingerprints_are_compared_without_case_and_colons(void **unused)
{
    static const struct {
        const char *left, *right;
        bool equal;
    } cases[] = {
        { "AB:CD", "ab:cd", true },  { "abcd", "AB:CD", true }, { "AB:CD", "ABCE", false },
        { "AB", "AB:CD", false },    { "", "", false },         { ":", "", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (tls_fingerprint_equal(cases[i].left, strlen(cases[i].left), cases[i].right) != cases[i].equal)
            fail_msg("%s and %s", cases[i].left, cases[i].right);
    }
}

static void names_that_clients_ask_for_are_host_names(void **unused)
{
    static const char *const good[] = { "mx.example", "a_b.example", "xn--bcher-kva.example", "x" };
    static const char *const bad[] = { "", ".example", "a..b", "a/b", "a b", "-a", "a.-b", "\xc3\xa4" };

    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_true(tls_names_is_valid(good[i]));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(tls_names_is_valid(bad[i]));
}

/* Level, and the first name to match, of some destinations. */
static void policy_tables_decide(void **unused)
{
    static const char settings[] = "myhostname = mail.example\nsmtp_tls_security_level = may\n"
        "smtp_tls_policy_maps = inline:{ {none.example=none}, {.sub.example=encrypt}, {[h.example]:25=secure match=a:b},"
        " {v.example=verify}, {s.example=secure}, {bad1.example=silly}, {bad2.example=may match=x},"
        " {bad3.example=encrypt ciphers=high ciphers=low}, {bad4.example=fingerprint}, {f.example=fingerprint match=AA|BB},"
        " {bad5.example=encrypt foo}, {p.example=encrypt protocols=TLSv1.2 servername=nexthop} }\n";
    static const struct {
        const char *next_hop, *host;
        bool good;
        enum smtp_tls_level level;
        const char *match;
        size_t match_count;
    } cases[] = {
        { "other.example", "other.example", true, SMTP_TLS_MAY, NULL, 0 },
        { "none.example", "none.example", true, SMTP_TLS_NONE, NULL, 0 },
        { "x.none.example", "x.none.example", true, SMTP_TLS_MAY, NULL, 0 },
        { "a.b.sub.example", "a.b.sub.example", true, SMTP_TLS_ENCRYPT, NULL, 0 },
        { "sub.example", "sub.example", true, SMTP_TLS_MAY, NULL, 0 },
        { "[h.example]:25", "h.example", true, SMTP_TLS_SECURE, "a", 2 },
        { "[h.example]", "h.example", true, SMTP_TLS_MAY, NULL, 0 },
        { "v.example", "v.example", true, SMTP_TLS_VERIFY, "mx.example", 1 },
        { "s.example", "s.example", true, SMTP_TLS_SECURE, "s.example", 2 },
        { "f.example", "f.example", true, SMTP_TLS_FINGERPRINT, "AA", 2 },
        { "bad1.example", "bad1.example", false, 0, NULL, 0 },
        { "bad2.example", "bad2.example", false, 0, NULL, 0 },
        { "bad3.example", "bad3.example", false, 0, NULL, 0 },
        { "bad4.example", "bad4.example", false, 0, NULL, 0 },
        { "bad5.example", "bad5.example", false, 0, NULL, 0 },
    };
    struct config *config;
    struct smtp_tls_rules rules;
    struct str why = {0};
    struct arena *arena = arena_new();

    if (!config_from_text(settings, NULL, 0, NULL, &config, &why))
        fail_msg("%s", str_text(&why));
    smtp_tls_policy_open(&rules, config, false);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct smtp_tls_policy policy;
        bool good = smtp_tls_policy_find(&rules, cases[i].next_hop, cases[i].host, "mx.example", arena, &policy);
        if (good != cases[i].good)
            fail_msg("%s is %s", cases[i].next_hop, good ? "taken" : "refused");
        if (!good)
            continue;
        if (policy.level != cases[i].level || policy.match_count != cases[i].match_count)
            fail_msg("%s: level %d, %zu names", cases[i].next_hop, (int)policy.level, policy.match_count);
        if (cases[i].match != NULL)
            assert_string_equal(policy.match[0], cases[i].match);
    }
    smtp_tls_policy_close(&rules);
    config_free(config);
    arena_free(arena);
    str_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_of_versions_mean_what_they_say),
        cmocka_unit_test(excluded_ciphers_follow_the_grade),
        cmocka_unit_test(options_are_names_or_a_number),
        cmocka_unit_test(fingerprints_are_compared_without_case_and_colons),
        cmocka_unit_test(names_that_clients_ask_for_are_host_names),
        cmocka_unit_test(policy_tables_decide),
    };

    log_without_syslog();
    log_not_to_stderr();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
