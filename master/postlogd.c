/* postlogd.c: writes log lines that other processes send to the socket public/postlog to maillog_file (man/postlogd.8). */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "master/worker/handover.h"
#include "master/worker/worker.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/tool/log_file.h"

enum { LINE_BYTES = 16384, LINES_PER_TURN = 100 };

struct output {
    const struct config *config;
    int fd;
    struct str lines;
    time_t looked; /* whether the file still has its name */
};

static int open_file(const struct config *config)
{
    struct str why = {0};

    if (config->maillog_file[0] == '\0')
        return open("/dev/null", O_WRONLY | O_CLOEXEC); /* somebody uses the socket although nothing is configured */
    int fd = log_file_open(config, &why);
    if (fd < 0)
        log_fatal("%s", str_text(&why));
    log_to_fd(fd);
    return fd;
}

/* At most once a second: a file that was moved away (posthaste logrotate) is followed by a new one. */
static void follow_name(struct output *output)
{
    struct stat named;
    struct stat open_one;
    time_t now = time(NULL);
    const char *name = output->config->maillog_file;

    if (now == output->looked || name[0] == '\0' || text_starts_with(name, "/dev/"))
        return;
    output->looked = now;
    if (stat(name, &named) == 0 && fstat(output->fd, &open_one) == 0 && named.st_ino == open_one.st_ino
        && named.st_dev == open_one.st_dev)
        return;
    int old = output->fd;
    output->fd = open_file(output->config);
    fd_close(&old);
}

/* Each datagram is one line; who sends it escaped what peers sent, but the socket is open to setgid programs, too. */
static void put_line(struct output *output, const char *bytes, size_t length)
{
    while (length > 0 && (bytes[length - 1] == '\n' || bytes[length - 1] == '\0'))
        length--;
    text_put_printable(&output->lines, bytes, length, '?', true);
    str_put_char(&output->lines, '\n');
}

static void write_lines(struct output *output)
{
    if (output->lines.length > 0 && !fd_write_all(output->fd, str_text(&output->lines), output->lines.length))
        log_fatal("write to the log: %m"); /* master starts another, which opens the file anew */
    str_clear(&output->lines);
}

static void on_datagram(void *context, int listener, int index)
{
    char bytes[LINE_BYTES];
    ssize_t length;

    follow_name(context);
    for (int i = 0; i < LINES_PER_TURN && (length = recv(listener, bytes, sizeof(bytes), MSG_DONTWAIT)) >= 0; i++)
        put_line(context, bytes, (size_t)length);
    write_lines(context); /* all that were there at once */
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "postlogd");
    const struct config *config = worker_config(worker);
    struct output output = { .config = config, .fd = open_file(config), .looked = time(NULL) };

    worker_confine(worker, CONFINE_LOG);
    worker_serve_many(worker, on_datagram, &output);
    on_datagram(&output, HANDOVER_LISTENERS, 0); /* the last words of those who ended before */
    str_free(&output.lines);
    fd_close(&output.fd);
    return worker_stop(worker);
}
