/* The keys that were last good: files read at one moment, and the shared memory that outlives workers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/net/tls_keep.h"
#include "util/sys/process.h"

static void put_file(struct tls_material *material, const char *name, const char *content, size_t length)
{
    uint32_t number = (uint32_t)strlen(name);

    str_put_bytes(&material->packed, &number, sizeof(number));
    str_put(&material->packed, name);
    number = (uint32_t)length;
    str_put_bytes(&material->packed, &number, sizeof(number));
    str_put_bytes(&material->packed, content, length);
}

static void keep_one(int fd, const char *name, const char *content, size_t length)
{
    struct tls_material material = {0};

    put_file(&material, "file", content, length);
    tls_keep_put(fd, name, &material);
    tls_material_free(&material);
}

static bool is_kept(int fd, const char *name, const char *content)
{
    struct tls_material material = {0};
    const char *found;
    size_t length;
    bool good = tls_keep_find(fd, name, &material) && tls_material_find(&material, "file", &found, &length)
        && length == strlen(content) && memcmp(found, content, length) == 0;

    tls_material_free(&material);
    return good;
}

static void files_are_read_as_they_are(void **unused)
{
    char path[] = "/tmp/posthaste-material-XXXXXX";
    struct tls_material material = {0};
    const char *content;
    size_t length;
    int fd = mkstemp(path);

    assert_true(fd >= 0 && fd_write_all(fd, "a\0b", 3));
    tls_material_read(&material, path);
    assert_false(material.is_partial);
    assert_true(tls_material_find(&material, path, &content, &length));
    assert_int_equal(length, 3);
    assert_memory_equal(content, "a\0b", 3);
    tls_material_read(&material, "/nonexistent/key, /dev/null");
    assert_true(material.is_partial);
    assert_false(tls_material_find(&material, "/nonexistent/key", &content, &length));
    tls_material_free(&material);
    (void)close(fd);
    (void)unlink(path);
}

static void material_that_was_cut_is_refused(void **unused)
{
    struct tls_material material = {0};
    struct tls_material copy = {0};

    put_file(&material, "name", "content", 7);
    assert_true(tls_material_unpack(&copy, material.packed.data, material.packed.length));
    for (size_t length = 1; length < material.packed.length; length++)
        assert_false(tls_material_unpack(&copy, material.packed.data, length));
    tls_material_free(&material);
    tls_material_free(&copy);
}

static void the_last_good_one_is_found_under_its_name(void **unused)
{
    int fd = process_shared_memory(TLS_KEEP_BYTES);

    assert_false(is_kept(fd, "a", "one"));
    keep_one(fd, "a", "one", 3);
    keep_one(fd, "b", "two", 3);
    assert_true(is_kept(fd, "a", "one"));
    keep_one(fd, "a", "three", 5);
    assert_true(is_kept(fd, "a", "three"));
    assert_true(is_kept(fd, "b", "two"));
    assert_false(is_kept(fd, "c", "two"));
    assert_false(is_kept(-1, "a", "three"));
    (void)close(fd);
}

static void other_processes_see_it(void **unused)
{
    int fd = process_shared_memory(TLS_KEEP_BYTES);
    int status;

    if (fork() == 0) {
        keep_one(fd, "a", "one", 3);
        _exit(0);
    }
    assert_true(wait(&status) > 0 && status == 0);
    assert_true(is_kept(fd, "a", "one"));
    (void)close(fd);
}

static void the_oldest_goes_when_it_is_full(void **unused)
{
    int fd = process_shared_memory(TLS_KEEP_BYTES);
    size_t length = TLS_KEEP_BYTES / 3;
    char *large = memory_zeroed(TLS_KEEP_BYTES, 1);

    keep_one(fd, "small", "x", 1);
    keep_one(fd, "a", large, length);
    keep_one(fd, "b", large, length);
    assert_true(is_kept(fd, "small", "x"));
    keep_one(fd, "c", large, length);
    assert_false(is_kept(fd, "small", "x"));
    keep_one(fd, "too-large", large, TLS_KEEP_BYTES - 20);
    struct tls_material material = {0};
    assert_false(tls_keep_find(fd, "too-large", &material));
    assert_true(tls_keep_find(fd, "c", &material));
    tls_material_free(&material);
    free(large);
    (void)close(fd);
}

static void what_was_torn_is_nothing(void **unused)
{
    int fd = process_shared_memory(TLS_KEEP_BYTES);

    keep_one(fd, "a", "one", 3);
    assert_true(fd_pwrite_all(fd, "!", 1, 60));
    assert_false(is_kept(fd, "a", "one"));
    keep_one(fd, "a", "two", 3);
    assert_true(is_kept(fd, "a", "two"));
    (void)close(fd);
}

static void the_day_is_remembered_until_another_comes(void **unused)
{
    int fd = process_shared_memory(TLS_KEEP_BYTES);

    keep_one(fd, "a", "one", 3);
    assert_true(tls_keep_is_time(fd, "a", 1000, 100));
    assert_false(tls_keep_is_time(fd, "a", 1099, 100));
    keep_one(fd, "a", "one", 3);
    assert_false(tls_keep_is_time(fd, "a", 1099, 100));
    assert_true(tls_keep_is_time(fd, "a", 1100, 100));
    keep_one(fd, "a", "new", 3);
    assert_true(tls_keep_is_time(fd, "a", 1101, 100));
    assert_true(is_kept(fd, "a", "new"));
    assert_true(tls_keep_is_time(-1, "a", 1101, 100));
    (void)close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_read_as_they_are),
        cmocka_unit_test(material_that_was_cut_is_refused),
        cmocka_unit_test(the_last_good_one_is_found_under_its_name),
        cmocka_unit_test(other_processes_see_it),
        cmocka_unit_test(the_oldest_goes_when_it_is_full),
        cmocka_unit_test(what_was_torn_is_nothing),
        cmocka_unit_test(the_day_is_remembered_until_another_comes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
