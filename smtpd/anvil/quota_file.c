#include "smtpd/anvil/quota_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/log/log.h"

#define TITLE "posthaste sending limits 1 "

enum { HEAD_BYTES = 64, FILE_BYTES_MAX = 64 << 20 };

/* Root opens it in mail_owner's folder: another name of a file that lies elsewhere is left alone. */
static bool is_own_file(int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return false;
    errno = EPERM;
    return S_ISREG(status.st_mode) && status.st_nlink == 1;
}

int quota_file_open(const struct config *config)
{
    struct str path = {0};

    str_printf(&path, "%s/anvil_quotas", config->data_directory);
    int fd = open(str_text(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd >= 0 && !is_own_file(fd))
        fd_close(&fd);
    if (fd < 0)
        log_warning("open %s: %s: sums of limits last only as long as this process", str_text(&path), strerror(errno));
    str_free(&path);
    return fd;
}

static int64_t wall_s(void)
{
    return clock_wall_us() / 1000000;
}

/* The first HEAD_BYTES: title and checksum of the rest, filled up with blanks. */
static void put_head(const struct str *text, char head[HEAD_BYTES + 1])
{
    unsigned long sum = crc32(0, (const unsigned char *)str_text(text), (unsigned)text->length);
    int used = snprintf(head, HEAD_BYTES + 1, "%s%08lx %zu", TITLE, sum, text->length);

    memset(head + used, ' ', (size_t)(HEAD_BYTES - used));
    head[HEAD_BYTES - 1] = '\n';
    head[HEAD_BYTES] = '\0';
}

void quota_file_load(int fd, struct quota *quota)
{
    struct stat status;
    char expected[HEAD_BYTES + 1];
    char head[HEAD_BYTES];
    struct str text = {0};

    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size < HEAD_BYTES || status.st_size > FILE_BYTES_MAX)
        return;
    size_t length = (size_t)status.st_size - HEAD_BYTES;
    str_reserve(&text, length + 1);
    bool good = fd_pread_all(fd, head, HEAD_BYTES, 0) == HEAD_BYTES
                && fd_pread_all(fd, text.data, length, HEAD_BYTES) == (ssize_t)length;
    if (good) {
        text.length = length;
        text.data[length] = '\0';
        put_head(&text, expected);
        good = memcmp(head, expected, HEAD_BYTES) == 0
               && quota_take(quota, text.data, length, clock_monotonic_ms(), wall_s());
    }
    if (!good)
        log_warning("anvil_quotas in data_directory isn't whole: sums of limits begin anew");
    str_free(&text);
}

void quota_file_save(int fd, struct quota *quota)
{
    struct str text = {0};
    char head[HEAD_BYTES + 1];

    if (fd < 0 || !quota_has_changed(quota))
        return;
    quota_put(quota, clock_monotonic_ms(), wall_s(), &text);
    put_head(&text, head);
    if (!fd_pwrite_all(fd, str_text(&text), text.length, HEAD_BYTES) || !fd_pwrite_all(fd, head, HEAD_BYTES, 0)
        || ftruncate(fd, (off_t)(HEAD_BYTES + text.length)) != 0)
        log_warning("write anvil_quotas in data_directory: %s", strerror(errno));
    else
        quota_is_saved(quota);
    str_free(&text);
}
