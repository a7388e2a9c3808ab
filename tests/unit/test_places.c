#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#include "qmgr/client/message_file.h"
#include "qmgr/spool/places.h"
#include "qmgr/spool/recovery.h"
#include "util/base/memory.h"
#include "util/io/fd.h"

static char root[64];
static struct spool *spool;
static struct places *places;

static int start(void **unused)
{
    static struct config config;

    (void)snprintf(root, sizeof(root), "/tmp/posthaste-places-XXXXXX");
    assert_non_null(mkdtemp(root));
    config.queue_directory = root;
    config.hash_queue_names = "";
    spool = spool_open(&config);
    assert_non_null(spool);
    assert_true(spool_make_folders(spool, (uid_t)-1));
    places = places_new(spool, false);
    assert_non_null(places);
    return 0;
}

static size_t count_and_remove(enum queue queue, bool remove)
{
    int fd = openat(spool_folder(spool), spool_queue_name(queue), O_RDONLY | O_DIRECTORY);
    DIR *folder = fdopendir(fd);
    struct dirent *entry;
    size_t count = 0;

    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        if (remove)
            assert_int_equal(unlinkat(fd, entry->d_name, 0), 0);
    }
    (void)closedir(folder);
    if (remove)
        assert_int_equal(unlinkat(spool_folder(spool), spool_queue_name(queue), AT_REMOVEDIR), 0);
    return count;
}

static int stop(void **unused)
{
    places_free(places);
    for (int queue = 0; queue < QUEUE_COUNT; queue++)
        (void)count_and_remove((enum queue)queue, true); /* whatever a test left there */
    spool_close(spool);
    assert_int_equal(rmdir(root), 0);
    return 0;
}

/* A message as an intake worker leaves it behind, committed: its content is `length` times 'x'. */
static struct place put_message(const char *name_in_header, size_t length, enum queue queue)
{
    struct place place;
    struct str bytes = {0};
    struct message_file file = { .complete = true, .head = { MESSAGE_FILE_HEADER_BYTES, length } };
    struct arena *arena = arena_new();
    struct envelope envelope = { .sender = "a@example.org" };

    assert_true(places_take(places, &place));
    (void)envelope_add_recipient(&envelope, arena, &(struct recipient){ .address = "b@example.org" });
    for (size_t i = 0; i < length; i++)
        str_put_char(&bytes, 'x');
    size_t before = bytes.length;
    envelope_encode(&envelope, &bytes);
    file.body = file.head;
    file.envelope = (struct message_extent){ MESSAGE_FILE_HEADER_BYTES + before, bytes.length - before };
    file.written_length = bytes.length;
    file.written_checksum = (uint32_t)crc32(0, (const unsigned char *)bytes.data, (unsigned)bytes.length);
    (void)snprintf(file.queue_id, sizeof(file.queue_id), "%s", name_in_header == NULL ? place.id : name_in_header);
    assert_true(fd_pwrite_all(place.fd, bytes.data, bytes.length, MESSAGE_FILE_HEADER_BYTES));
    assert_true(message_file_write_header(place.fd, &file));
    assert_true(spool_move(spool, QUEUE_SPARE, queue, place.id));
    fd_close(&place.fd);
    str_free(&bytes);
    arena_free(arena);
    return place;
}

static ino_t inode_of(enum queue queue, const char *id)
{
    struct stat status;

    return spool_stat(spool, queue, id, &status) ? status.st_ino : 0;
}

/* Takes places until one with that inode comes. */
static bool comes_back(ino_t inode, struct place *place)
{
    struct stat status;

    for (int i = 0; i < 1000 && places_take(places, place); i++) {
        if (fstat(place->fd, &status) == 0 && status.st_ino == inode)
            return true;
        fd_close(&place->fd);
    }
    return false;
}

static void a_message_that_is_done_leaves_an_empty_place(void **unused)
{
    static const size_t lengths[] = { 10, 5000, 100000 };

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct place message = put_message(NULL, lengths[i], QUEUE_ACTIVE);
        ino_t inode = inode_of(QUEUE_ACTIVE, message.id);
        struct place place;
        char bytes[20000];
        if (!places_retire(places, QUEUE_ACTIVE, message.id)) {
            print_message("no leases here\n");
            skip();
        }
        assert_int_equal(inode_of(QUEUE_ACTIVE, message.id), 0);
        assert_true(comes_back(inode, &place));
        assert_string_not_equal(place.id, message.id);
        assert_true(inode_of(QUEUE_SPARE, place.id) == inode);
        ssize_t count = fd_pread_all(place.fd, bytes, sizeof(bytes), 0);
        assert_in_range(count, lengths[i] < 16384 ? (ssize_t)lengths[i] : 16384, 16384);
        for (ssize_t at = 0; at < count; at++)
            assert_int_equal(bytes[at], 0);
        fd_close(&place.fd);
    }
}

static void a_file_that_others_have_open_is_never_used_again(void **unused)
{
    static const int ways[] = { O_RDONLY, O_WRONLY, O_RDWR };

    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct place message = put_message(NULL, 100, QUEUE_ACTIVE);
        int other = spool_open_file(spool, QUEUE_ACTIVE, message.id, ways[i]);
        assert_true(other >= 0);
        assert_false(places_retire(places, QUEUE_ACTIVE, message.id));
        assert_int_not_equal(inode_of(QUEUE_ACTIVE, message.id), 0); /* as it was */
        int copy = dup(other);
        fd_close(&other);
        assert_false(places_retire(places, QUEUE_ACTIVE, message.id));
        fd_close(&copy);
    }
}

static void a_file_with_another_name_or_mode_is_never_used_again(void **unused)
{
    struct place message = put_message(NULL, 100, QUEUE_ACTIVE);
    int folder = openat(spool_folder(spool), "active", O_RDONLY | O_DIRECTORY);

    assert_int_equal(linkat(folder, message.id, folder, "copy", 0), 0);
    assert_false(places_retire(places, QUEUE_ACTIVE, message.id));
    assert_int_equal(unlinkat(folder, "copy", 0), 0);
    assert_int_equal(fchmodat(folder, message.id, 0644, 0), 0);
    assert_false(places_retire(places, QUEUE_ACTIVE, message.id));
    fd_close(&folder);
}

/* After a power cut, a place may still be the message that it was, whole and with a name of its own. */
static void start_up_takes_no_former_message_for_a_new_one(void **unused)
{
    struct place former = put_message("0123456789AB", 100, QUEUE_SPARE);
    struct place present = put_message(NULL, 100, QUEUE_SPARE);
    struct place torn = put_message(NULL, 100, QUEUE_SPARE);
    int fd = spool_open_file(spool, QUEUE_SPARE, torn.id, O_RDWR);

    assert_true(fd_pwrite_all(fd, "old", 3, MESSAGE_FILE_HEADER_BYTES + 50)); /* a block that wasn't written */
    fd_close(&fd);
    recovery_run(spool);
    assert_int_not_equal(inode_of(QUEUE_INCOMING, present.id), 0);
    assert_int_equal(inode_of(QUEUE_INCOMING, former.id), 0);
    assert_int_equal(inode_of(QUEUE_INCOMING, torn.id), 0);
    assert_int_equal(count_and_remove(QUEUE_INCOMING, false), 1);
    assert_int_equal(count_and_remove(QUEUE_SPARE, false), 0);
}

/* The rename of a commit isn't synced: after a power cut a message that was acknowledged, and even tried, may lie among the
 * places. */
static void start_up_keeps_what_was_tried_before_the_power_failed(void **unused)
{
    struct place tried = put_message(NULL, 100, QUEUE_SPARE);
    int fd = spool_open_file(spool, QUEUE_SPARE, tried.id, O_RDWR);
    struct message_file file;
    const char *why;

    assert_true(message_file_read_header(fd, &file, &why));
    file.attempts = 1;
    assert_true(message_file_write_header(fd, &file));
    assert_true(fd_pwrite_all(fd, "x", 1, MESSAGE_FILE_HEADER_BYTES + 3)); /* done marks stand in what the checksum covers */
    assert_true(fd_pwrite_all(fd, "y", 1, MESSAGE_FILE_HEADER_BYTES + 4));
    fd_close(&fd);
    recovery_run(spool);
    assert_int_not_equal(inode_of(QUEUE_INCOMING, tried.id), 0);
}

/* A disk in trouble, or a file that a restored backup gave to root. */
static void start_up_removes_nothing_that_it_cannot_read(void **unused)
{
    struct place shut = put_message(NULL, 100, QUEUE_SPARE);
    bool was_root = geteuid() == 0;

    assert_int_equal(chmod(root, 0777), 0);
    assert_int_equal(fchmodat(spool_folder(spool), "spare", 0777, 0), 0);
    assert_int_equal(fchmodat(spool_folder(spool), "incoming", 0777, 0), 0);
    int folder = openat(spool_folder(spool), "spare", O_RDONLY | O_DIRECTORY);
    assert_int_equal(fchmodat(folder, shut.id, 0, 0), 0);
    if (was_root)
        assert_int_equal(seteuid(65534), 0);
    size_t held = recovery_run(spool);
    if (was_root)
        assert_int_equal(seteuid(0), 0);
    assert_int_not_equal(held, 0);
    assert_int_not_equal(inode_of(QUEUE_SPARE, shut.id), 0);
    assert_int_equal(fchmodat(folder, shut.id, 0600, 0), 0);
    fd_close(&folder);
    assert_int_equal(recovery_run(spool), 0);
    assert_int_not_equal(inode_of(QUEUE_INCOMING, shut.id), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_message_that_is_done_leaves_an_empty_place, start, stop),
        cmocka_unit_test_setup_teardown(a_file_that_others_have_open_is_never_used_again, start, stop),
        cmocka_unit_test_setup_teardown(a_file_with_another_name_or_mode_is_never_used_again, start, stop),
        cmocka_unit_test_setup_teardown(start_up_takes_no_former_message_for_a_new_one, start, stop),
        cmocka_unit_test_setup_teardown(start_up_keeps_what_was_tried_before_the_power_failed, start, stop),
        cmocka_unit_test_setup_teardown(start_up_removes_nothing_that_it_cannot_read, start, stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
