/* fuzz_queue_file.c: queue files and envelopes as hostile bytes (qmgr/client/message_file.h, envelope.h, qmgr/file/retry.h). */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "qmgr/client/message_file.h"
#include "qmgr/file/retry.h"
#include "util/base/arena.h"
#include "util/base/memory.h"
#include "util/io/fd.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static int scratch(void)
{
    static int fd = -1;

    if (fd < 0) {
        FILE *file = tmpfile();
        fd = file == NULL ? -1 : dup(fileno(file));
        if (file != NULL)
            (void)fclose(file); /* the copy of its descriptor stays */
    }
    return fd;
}

static void read_all(int fd, const struct message_file *file, struct arena *arena)
{
    struct envelope envelope;
    struct retry retry;
    struct message_lines lines;
    const char *why;
    const char *line;
    size_t line_length;
    bool whole;

    if (message_file_read_envelope(fd, file, arena, &envelope, &why)) {
        struct str again = {0};
        envelope_encode(&envelope, &again);
        str_free(&again);
    }
    (void)retry_read(fd, file, arena, &retry); /* whether it stays within bounds is the question */
    message_lines_start(&lines, fd, file);
    while (message_lines_next(&lines, &line, &line_length, 100, &whole))
        ;
    message_lines_stop(&lines);
}

/* Right in every respect but the content: else nothing would get past the checksum. */
static void mend_header(uint8_t *block)
{
    memcpy(block, "PHQF\1\0\0\0", 8);
    block[12] |= 1;
    uint32_t checksum = (uint32_t)crc32(0, block + 12, MESSAGE_FILE_HEADER_BYTES - 12);
    for (int i = 0; i < 4; i++)
        block[8 + i] = (uint8_t)(checksum >> (8 * i));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct arena *arena = arena_new();
    struct message_file file;
    struct envelope envelope;
    const char *why;
    int fd = scratch();

    (void)envelope_decode(bytes, length, 0, arena, &envelope, &why);
    if (length >= MESSAGE_FILE_HEADER_BYTES && fd >= 0 && ftruncate(fd, 0) == 0) {
        uint8_t *copy = memory_resize(NULL, length, 1);
        memcpy(copy, bytes, length);
        mend_header(copy);
        if (fd_pwrite_all(fd, copy, length, 0) && message_file_read_header(fd, &file, &why))
            read_all(fd, &file, arena);
        free(copy);
    }
    arena_free(arena);
    return 0;
}
