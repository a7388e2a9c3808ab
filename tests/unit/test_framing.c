/* test_framing.c: content ends at CR LF . CR LF and nowhere else, however the bytes arrive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "smtpd/framing.h"
#include "util/base/memory.h"
#include "util/base/str.h"

static void collect(void *context, const char *bytes, size_t length, bool line_end)
{
    struct str *out = context;

    str_put_bytes(out, bytes, length);
    if (line_end)
        str_put_char(out, '|');
}

static struct stream *stream_of(const char *bytes)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(write(pair[1], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
    close(pair[1]);
    return stream_open(pair[0]);
}

static void only_crlf_dot_crlf_ends_data(void **unused)
{
    static const struct {
        enum framing_newline newline;
        const char *input;
        const char *content;
        enum stream_status status;
    } cases[] = {
        { FRAMING_BARE_LF_NORMALIZE, "a\r\n.\r\n", "a|", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, ".\r\n", "", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "..a\r\n.\r\n", ".a|", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "a\n.\nb\r\n.\r\n", "a||b|", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "a\n.\r\nb\r\n.\r\n", "a||b|", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "a\r\n.\nb\r\n.\r\n", "a||b|", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "a\r.\r\n.\r\n", "a\r.|", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "a\r\r\nb\rc\r\r\r\n\r\r\n.\r\n", "a|b\rc||", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "a\r\n.\r\r\nb\r\n.\r\n", "a||b|", STREAM_OK },
        { FRAMING_BARE_LF_NORMALIZE, "a\r\n.", "a|", STREAM_EOF },
        { FRAMING_BARE_LF_IS_CRLF, "a\n.\nb\r\n", "a|", STREAM_OK },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str out = {0};
        struct framing framing = { .newline = cases[i].newline, .sink = collect, .context = &out };
        struct stream *stream = stream_of(cases[i].input);
        assert_int_equal(framing_read_data(&framing, stream), cases[i].status);
        assert_string_equal(str_text(&out), cases[i].content);
        stream_close(stream);
        str_free(&out);
    }
}

static void chunks_are_joined_at_any_byte(void **unused)
{
    const char *input = "S: x\r\n\r\nab\rc\r\n.\r\nd\re\r\nf";

    for (size_t cut = 0; cut <= strlen(input); cut++) {
        struct str out = {0};
        struct framing framing = { .sink = collect, .context = &out };
        struct stream *stream = stream_of(input);
        assert_int_equal(framing_read_chunk(&framing, stream, cut), STREAM_OK);
        assert_int_equal(framing_read_chunk(&framing, stream, strlen(input) - cut), STREAM_OK);
        framing_end_chunks(&framing);
        assert_string_equal(str_text(&out), "S: x||ab\rc|.|d\re|f|");
        stream_close(stream);
        str_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_crlf_dot_crlf_ends_data),
        cmocka_unit_test(chunks_are_joined_at_any_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
