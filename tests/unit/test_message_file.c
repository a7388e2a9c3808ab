#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "qmgr/client/delivery_log.h"
#include "qmgr/client/message_file.h"
#include "qmgr/file/retry.h"
#include "util/base/arena.h"
#include "util/base/memory.h"
#include "util/io/fd.h"

static int empty_file(void)
{
    FILE *file = tmpfile();

    assert_non_null(file);
    int fd = dup(fileno(file));
    assert_int_equal(fclose(file), 0);
    return fd;
}

static struct envelope two_recipients(struct arena *arena)
{
    struct envelope envelope = {
        .sender = "a\nb@example.org", .envid = "id", .ret = RET_HEADERS, .flags = ENVELOPE_LOCAL, .arrival_us = 17,
        .size_bytes = 42,
    };

    (void)envelope_add_recipient(&envelope, arena,
        &(struct recipient){ .address = "x@example.net", .original = "y", .dsn_orcpt = "rfc822;y", .notify = NOTIFY_DELAY });
    (void)envelope_add_recipient(&envelope, arena, &(struct recipient){ .address = "z@example.net" });
    envelope_set_attribute(&envelope, arena, ATTRIBUTE_ENCODING, "7bit");
    envelope_set_attribute(&envelope, arena, ATTRIBUTE_ENCODING, "8bit");
    return envelope;
}

/* Header, head, body, envelope, as an intake worker writes them. */
static struct message_file write_message(int fd, const char *head, const char *body, const struct envelope *envelope)
{
    struct message_file file = { .complete = true, .has_body = true };
    struct str bytes = {0};

    envelope_encode(envelope, &bytes);
    file.head = (struct message_extent){ MESSAGE_FILE_HEADER_BYTES, strlen(head) };
    file.body = (struct message_extent){ file.head.offset + file.head.length, strlen(body) };
    file.envelope = (struct message_extent){ file.body.offset + file.body.length, bytes.length };
    assert_true(fd_pwrite_all(fd, head, strlen(head), (off_t)file.head.offset));
    assert_true(fd_pwrite_all(fd, body, strlen(body), (off_t)file.body.offset));
    assert_true(fd_pwrite_all(fd, bytes.data, bytes.length, (off_t)file.envelope.offset));
    assert_true(message_file_write_header(fd, &file));
    str_free(&bytes);
    return file;
}

static void what_is_written_is_read_again(void **unused)
{
    struct arena *arena = arena_new();
    struct envelope envelope = two_recipients(arena);
    struct message_file file;
    struct envelope read;
    const char *why;
    int fd = empty_file();

    (void)write_message(fd, "A: b\r\n", "text\r\n", &envelope);
    assert_true(message_file_read_header(fd, &file, &why));
    assert_true(message_file_read_envelope(fd, &file, arena, &read, &why));
    assert_string_equal(read.sender, envelope.sender);
    assert_int_equal(read.arrival_us, 17);
    assert_int_equal(read.ret, RET_HEADERS);
    assert_int_equal(read.recipient_count, 2);
    assert_string_equal(read.recipients[0].dsn_orcpt, "rfc822;y");
    assert_int_equal(read.recipients[0].notify, NOTIFY_DELAY);
    assert_string_equal(envelope_attribute(&read, ATTRIBUTE_ENCODING), "8bit");
    assert_string_equal(envelope_attribute(&read, "absent"), "");
    arena_free(arena);
    fd_close(&fd);
}

static void done_marks_change_nothing_else(void **unused)
{
    struct arena *arena = arena_new();
    struct envelope envelope = two_recipients(arena);
    struct envelope read;
    const char *why;
    int fd = empty_file();
    struct message_file file = write_message(fd, "", "", &envelope);

    assert_true(message_file_read_envelope(fd, &file, arena, &read, &why));
    assert_true(message_file_mark_done(fd, &read.recipients[1]));
    assert_true(message_file_read_envelope(fd, &file, arena, &read, &why));
    assert_false(read.recipients[0].done);
    assert_true(read.recipients[1].done);
    assert_string_equal(read.recipients[1].address, "z@example.net");
    arena_free(arena);
    fd_close(&fd);
}

static void damaged_files_are_refused(void **unused)
{
    struct arena *arena = arena_new();
    struct envelope envelope = two_recipients(arena);
    struct message_file file;
    struct stat status;
    const char *why;
    int fd = empty_file();

    assert_false(message_file_read_header(fd, &file, &why));
    file = write_message(fd, "A: b\r\n", "text\r\n", &envelope);
    assert_int_equal(fstat(fd, &status), 0);
    for (size_t at = 0; at < 96; at++) { /* one flipped bit anywhere in what the header uses */
        char byte;
        assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
        byte ^= 4;
        assert_true(fd_pwrite_all(fd, &byte, 1, (off_t)at));
        assert_false(message_file_read_header(fd, &file, &why));
        byte ^= 4;
        assert_true(fd_pwrite_all(fd, &byte, 1, (off_t)at));
    }
    assert_true(message_file_read_header(fd, &file, &why));
    assert_int_equal(ftruncate(fd, status.st_size - 1), 0);
    assert_false(message_file_read_header(fd, &file, &why));
    arena_free(arena);
    fd_close(&fd);
}

static void incomplete_messages_are_refused(void **unused)
{
    struct arena *arena = arena_new();
    struct envelope envelope = two_recipients(arena);
    const char *why;
    int fd = empty_file();
    struct message_file file = write_message(fd, "", "", &envelope);

    file.complete = false;
    assert_true(message_file_write_header(fd, &file));
    assert_false(message_file_read_header(fd, &file, &why));
    assert_string_equal(why, "is incomplete");
    arena_free(arena);
    fd_close(&fd);
}

static void every_cut_of_an_envelope_is_refused(void **unused)
{
    struct arena *arena = arena_new();
    struct envelope envelope = two_recipients(arena);
    struct envelope read;
    struct str bytes = {0};
    const char *why;

    envelope_encode(&envelope, &bytes);
    for (size_t length = 0; length < bytes.length; length++)
        assert_false(envelope_decode(bytes.data, length, 0, arena, &read, &why));
    assert_true(envelope_decode(bytes.data, bytes.length, 0, arena, &read, &why));
    str_put_char(&bytes, 'E');
    assert_false(envelope_decode(bytes.data, bytes.length, 0, arena, &read, &why));
    str_free(&bytes);
    arena_free(arena);
}

static void content_is_read_as_local_text(void **unused)
{
    struct arena *arena = arena_new();
    struct envelope envelope = two_recipients(arena);
    struct message_reader reader;
    struct str text = {0};
    int fd = empty_file();
    struct message_file file = write_message(fd, "A: b\r\n", "..dot\r\n...\r\nCR\rin\r\n", &envelope);

    for (size_t size = 2; size < 12; size++) {
        str_clear(&text);
        message_reader_start(&reader, fd, &file);
        while (message_reader_text(&reader, &text, size))
            ;
        assert_int_equal(reader.error, 0);
        assert_string_equal(str_text(&text), "A: b\n\n.dot\n..\nCR\rin\n");
    }
    str_free(&text);
    arena_free(arena);
    fd_close(&fd);
}

static void reasons_are_kept_in_place(void **unused)
{
    struct arena *arena = arena_new();
    struct envelope envelope = two_recipients(arena);
    struct retry_reason reasons[] = {
        { .index = 9, .time_s = 5, .status = "4.2.0", .why = "first", .diagnostic_type = "", .diagnostic = "", .remote_mta = "" },
        { .index = 7, .time_s = 6, .status = "4.4.1", .why = "second", .diagnostic_type = "smtp", .diagnostic = "450 x",
            .remote_mta = "dns; mx" },
        { .index = 1, .member = "m@x.example", .time_s = 6, .status = "4.2.0", .why = "third", .diagnostic_type = "", .diagnostic = "",
            .remote_mta = "" },
    };
    struct retry retry = { .reasons = reasons, .count = 3 };
    struct retry read;
    struct stat before, after;
    int fd = empty_file();
    struct message_file file = write_message(fd, "", "", &envelope);

    assert_true(retry_read(fd, &file, arena, &read));
    assert_int_equal(read.count, 0);
    assert_true(retry_write(fd, &file, &retry));
    assert_int_equal(fstat(fd, &before), 0);
    assert_true(retry_write(fd, &file, &retry));
    assert_int_equal(fstat(fd, &after), 0);
    assert_int_equal(before.st_size, after.st_size); /* a message that is tried for days doesn't grow */
    assert_true(retry_read(fd, &file, arena, &read));
    assert_int_equal(read.count, 3);
    assert_string_equal(read.reasons[2].member, "m@x.example");
    assert_string_equal(read.reasons[0].why, "first"); /* as they came up */
    assert_string_equal(retry_find(&read, 7)->diagnostic, "450 x");
    assert_string_equal(retry_find(&read, 9)->why, "first");
    assert_null(retry_find(&read, 1));
    reasons[0].index = 7;
    assert_true(retry_write(fd, &file, &retry));
    assert_false(retry_read(fd, &file, arena, &read)); /* two for one recipient */
    reasons[0].index = 9;
    assert_true(retry_write(fd, &file, &retry));
    char byte = '!';
    assert_true(fd_pwrite_all(fd, &byte, 1, after.st_size - 1));
    assert_false(retry_read(fd, &file, arena, &read));
    assert_int_equal(read.count, 0);
    arena_free(arena);
    fd_close(&fd);
}

static void delays_have_two_digits(void **unused)
{
    static const struct {
        int64_t us;
        int limit;
        const char *text;
    } cases[] = {
        { 0, 2, "0" }, { 4000, 2, "0" }, { 5000, 2, "0.01" }, { 60000, 2, "0.06" }, { 123456, 2, "0.12" },
        { 100000, 2, "0.1" }, { 1234567, 2, "1.2" }, { 1000000, 2, "1" }, { 12345678, 2, "12" },
        { 123456789, 2, "123" }, { 123, 6, "0.00012" }, { 999999, 0, "1" }, { -5, 2, "0" },
    };
    struct str text = {0};

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str_clear(&text);
        delivery_log_put_delay(&text, cases[i].us, cases[i].limit);
        assert_string_equal(str_text(&text), cases[i].text);
    }
    str_free(&text);
}

static void torn_content_is_noticed(void **unused)
{
    static const char content[] = "From: a\r\nbody\r\n";
    struct message_file file = {
        .written_length = sizeof(content) - 1,
        .written_checksum = (uint32_t)crc32(0, (const Bytef *)content, sizeof(content) - 1),
    };
    int fd = empty_file();

    assert_true(fd_pwrite_all(fd, content, sizeof(content) - 1, MESSAGE_FILE_HEADER_BYTES));
    assert_true(message_file_is_whole(fd, &file));
    assert_true(fd_pwrite_all(fd, "\0", 1, MESSAGE_FILE_HEADER_BYTES + 5));
    assert_false(message_file_is_whole(fd, &file));
    assert_true(fd_pwrite_all(fd, ":", 1, MESSAGE_FILE_HEADER_BYTES + 5));
    assert_int_equal(ftruncate(fd, MESSAGE_FILE_HEADER_BYTES + 8), 0);
    assert_false(message_file_is_whole(fd, &file));
    fd_close(&fd);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(done_marks_change_nothing_else),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(incomplete_messages_are_refused),
        cmocka_unit_test(every_cut_of_an_envelope_is_refused),
        cmocka_unit_test(content_is_read_as_local_text),
        cmocka_unit_test(reasons_are_kept_in_place),
        cmocka_unit_test(torn_content_is_noticed),
        cmocka_unit_test(delays_have_two_digits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
