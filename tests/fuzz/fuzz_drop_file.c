/* fuzz_drop_file.c: what anybody may write into postdrop, and so into a file that pickup reads: what is taken for a message reads the
 * same when it is written again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qmgr/client/drop_file.h"
#include "util/base/arena.h"
#include "util/base/text.h"
#include "util/io/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

/* Its text, if it is a whole message. */
static bool read_file(int fd, struct arena *arena, struct envelope *envelope, struct str *text)
{
    struct drop_reader reader;
    enum drop_result result = DROP_BAD;
    const char *why;
    const char *piece;
    size_t length;

    if (lseek(fd, 0, SEEK_SET) != 0)
        abort();
    if (drop_file_open(&reader, fd, arena, envelope, NULL, &why)) {
        while ((result = drop_file_next(&reader, &piece, &length)) == DROP_TEXT)
            str_put_bytes(text, piece, length);
    }
    drop_file_close(&reader);
    return result == DROP_END;
}

static void must_be_same(const struct envelope *one, const struct envelope *other)
{
    if (!text_equal(one->sender, other->sender) || one->recipient_count != other->recipient_count
        || one->attribute_count != other->attribute_count)
        abort();
    for (size_t i = 0; i < one->recipient_count; i++) {
        if (!text_equal(one->recipients[i].address, other->recipients[i].address))
            abort();
    }
}

static void write_again(const struct envelope *envelope, const struct str *text, struct arena *arena)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct drop_writer writer;
    struct envelope again;
    struct str same = {0};

    drop_file_begin(&writer, fd, envelope);
    drop_file_text(&writer, str_text(text), text->length);
    if (!drop_file_end(&writer) || !read_file(fd, arena, &again, &same) || same.length != text->length
        || memcmp(str_text(&same), str_text(text), same.length) != 0)
        abort();
    must_be_same(envelope, &again);
    str_free(&same);
    fd_close(&fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct arena *arena = arena_new();
    struct envelope envelope;
    struct str text = {0};

    if (!fd_write_all(fd, bytes, length))
        abort();
    if (read_file(fd, arena, &envelope, &text))
        write_again(&envelope, &text, arena);
    str_free(&text);
    arena_free(arena);
    fd_close(&fd);
    return 0;
}
