#include "util/log/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"

enum { POSTLOG_WAIT_MS = 1000, POSTLOG_STUCK_MS = 10000, KEPT_BYTES = 4096 };

static const char syslog_path[] = "/dev/log"; /* where it is elsewhere, syslog(3) knows */

static struct {
    char *name;          /* syslog_name */
    const char *service; /* what follows the slash, or NULL */
    char tag[200];       /* name/service, as syslog wants it; lives as long as the process */
    const char *tag_service; /* the service in it */
    int debug_level;
    int fd;              /* lines or datagrams go here instead of syslog */
    bool fd_is_postlog;
    int64_t postlog_stuck_until_ms;
    bool syslog;
    int syslog_fd;       /* our own connection to syslog_path, or -1: lines go through syslog(3) */
    int facility;        /* of <syslog.h> */
    bool to_stderr;
    const char *stderr_name; /* NULL: the service */
    bool stderr_info;
    bool ascii;
    struct str raw;      /* the line that is being made: memory that every line needs */
    struct str line;
} state = { .fd = -1, .syslog_fd = -1, .facility = LOG_MAIL };

/* syslog keeps a pointer to the tag, so it is changed in place. Services change with every message, so that is done only when a
 * line is really written. */
static void refresh_tag(void)
{
    if (state.tag_service == state.service && state.tag[0] != '\0')
        return;
    state.tag_service = state.service;
    bool is_whole = state.service != NULL && strchr(state.service, '/') != NULL;
    int length = state.service == NULL || is_whole
        ? snprintf(state.tag, sizeof(state.tag), "%s", is_whole ? state.service : state.name)
        : snprintf(state.tag, sizeof(state.tag), "%s/%s", state.name, state.service);
    if (length < 0)
        state.tag[0] = '\0';
}

static int connect_datagram(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    (void)close(fd); /* nothing was written */
    return -1;
}

void log_open(const char *syslog_name, const char *service)
{
    char *copy = memory_copy_text(syslog_name);

    free(state.name);
    state.name = copy;
    state.service = service;
    state.syslog = true;
    state.tag[0] = '\0';
    refresh_tag();
    if (state.syslog_fd >= 0) /* it may be something else by now (master closes all before it starts a program) */
        (void)close(state.syslog_fd);
    state.syslog_fd = connect_datagram(syslog_path);
    openlog(state.tag, state.syslog_fd < 0 ? LOG_PID | LOG_NDELAY : LOG_PID, state.facility);
}

void log_set_facility(const char *name)
{
    static const struct { const char *name; int facility; } facilities[] = {
        { "auth", LOG_AUTH }, { "authpriv", LOG_AUTHPRIV }, { "cron", LOG_CRON }, { "daemon", LOG_DAEMON }, { "ftp", LOG_FTP },
        { "kern", LOG_KERN }, { "lpr", LOG_LPR }, { "mail", LOG_MAIL }, { "news", LOG_NEWS }, { "security", LOG_AUTH },
        { "syslog", LOG_SYSLOG }, { "user", LOG_USER }, { "uucp", LOG_UUCP }, { "local0", LOG_LOCAL0 }, { "local1", LOG_LOCAL1 },
        { "local2", LOG_LOCAL2 }, { "local3", LOG_LOCAL3 }, { "local4", LOG_LOCAL4 }, { "local5", LOG_LOCAL5 },
        { "local6", LOG_LOCAL6 }, { "local7", LOG_LOCAL7 },
    };

    for (size_t i = 0; i < COUNT_OF(facilities); i++)
        if (text_equal(facilities[i].name, name))
            state.facility = facilities[i].facility;
}

const char *log_set_service(const char *service)
{
    const char *old = state.service;

    state.service = service;
    return old;
}

void log_in_ascii(void)
{
    state.ascii = true;
}

void log_to_stderr(bool also_info)
{
    state.to_stderr = true;
    state.stderr_info = also_info;
}

void log_name_on_stderr(const char *name)
{
    state.stderr_name = name;
}

void log_not_to_stderr(void)
{
    state.to_stderr = false;
}

void log_without_syslog(void)
{
    state.syslog = false;
}

bool log_to_postlog(const char *socket_path)
{
    int fd = connect_datagram(socket_path);

    if (fd >= 0)
        log_to_postlog_fd(fd);
    return fd >= 0;
}

void log_to_postlog_fd(int fd)
{
    state.fd = fd;
    state.fd_is_postlog = true;
}

void log_to_fd(int fd)
{
    state.fd = fd;
    state.fd_is_postlog = false;
}

void log_set_debug(int level)
{
    state.debug_level = level;
}

int log_debug_level(void)
{
    return state.debug_level;
}

/* "Nov 22 04:06:30", made once a second. */
static const char *stamp_now(void)
{
    static char stamp[32];
    static time_t made_at;
    time_t now = time(NULL);
    struct tm parts;

    if (now == made_at)
        return stamp;
    made_at = now;
    if (localtime_r(&now, &parts) == NULL || strftime(stamp, sizeof(stamp), "%b %e %H:%M:%S", &parts) == 0)
        stamp[0] = '\0';
    return stamp;
}

/* What stands in front of the text: as a log file shows it, with the host's name, or as syslog(3) would send it. */
static void put_header(struct str *line, int priority)
{
    static char host[256];

    if (state.fd >= 0 && host[0] == '\0') {
        if (gethostname(host, sizeof(host) - 1) != 0)
            host[0] = '-';
        host[strcspn(host, ".")] = '\0';
    }
    if (state.fd >= 0)
        str_printf(line, "%s %s %s[%ld]: ", stamp_now(), host, state.tag, (long)getpid());
    else if (state.syslog && state.syslog_fd >= 0)
        str_printf(line, "<%d>%s %s[%ld]: ", state.facility | priority, stamp_now(), state.tag, (long)getpid());
}

/* A postlog service that doesn't read must not stop the mail: a full queue is waited for a moment, and after that not again for a
 * while. */
static bool send_to_postlog(const char *line, size_t length)
{
    struct pollfd poll_fd = { .fd = state.fd, .events = POLLOUT };
    int64_t now_ms = clock_monotonic_ms();

    if (send(state.fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    if (errno != EAGAIN || now_ms < state.postlog_stuck_until_ms)
        return false;
    if (poll(&poll_fd, 1, POSTLOG_WAIT_MS) > 0 && send(state.fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        return true;
    state.postlog_stuck_until_ms = now_ms + POSTLOG_STUCK_MS;
    return false;
}

static void put_to_fd(int priority, struct str *line, size_t header_length)
{
    if (!state.fd_is_postlog)
        str_put_char(line, '\n');
    bool written = state.fd_is_postlog ? send_to_postlog(str_text(line), line->length)
        : write(state.fd, str_text(line), line->length) >= 0;
    if (!written) /* a log that can't be written must not stop the mail */
        syslog(state.facility | priority, "%s", str_text(line) + header_length);
}

/* The log's reader may have been started anew: the second try is to its new socket. */
static void put_to_syslog(int priority, const struct str *line, size_t header_length)
{
    for (int attempt = 0; attempt < 2 && state.syslog_fd >= 0; attempt++) {
        if (send(state.syslog_fd, str_text(line), line->length, MSG_NOSIGNAL) >= 0)
            return;
        (void)close(state.syslog_fd); /* it is of no use any more */
        state.syslog_fd = connect_datagram(syslog_path);
    }
    syslog(state.facility | priority, "%s", str_text(line) + header_length);
}

static void put_to_stderr(const char *text)
{
    if (state.name != NULL && state.service != NULL)
        (void)fprintf(stderr, "%s: %s\n", state.stderr_name != NULL ? state.stderr_name : state.service,
            text); /* nowhere to report a failure */
    else
        (void)fprintf(stderr, "%s\n", text);
}

static void put(int priority, const char *label, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));
static void put(int priority, const char *label, const char *format, va_list arguments)
{
    struct str *line = &state.line;
    int saved = errno;

    if (state.name != NULL)
        refresh_tag();
    errno = saved; /* for %m */
    str_clear(&state.raw);
    str_vprintf(&state.raw, format, arguments);
    str_clear(line);
    put_header(line, priority);
    size_t header_length = line->length;
    str_put(line, label);
    text_put_printable(line, str_text(&state.raw), state.raw.length, '?', !state.ascii);
    const char *text = str_text(line) + header_length;
    if (state.to_stderr && (priority != LOG_INFO || state.stderr_info))
        put_to_stderr(text);
    else if (!state.syslog && state.fd < 0)
        (void)fprintf(stderr, "%s\n", text); /* log_open was not called yet */
    if (state.fd >= 0)
        put_to_fd(priority, line, header_length);
    else if (state.syslog)
        put_to_syslog(priority, line, header_length);
    if (line->capacity > KEPT_BYTES) {
        str_free(&state.raw);
        str_free(line);
    }
    errno = saved;
}

#define PUT(priority, label)                     \
    do {                                         \
        va_list arguments;                       \
        va_start(arguments, format);             \
        put(priority, label, format, arguments); \
        va_end(arguments);                       \
    } while (0)

void log_info(const char *format, ...)
{
    PUT(LOG_INFO, "");
}

void log_debug(const char *format, ...)
{
    if (state.debug_level > 0)
        PUT(LOG_INFO, "");
}

void log_warning(const char *format, ...)
{
    PUT(LOG_WARNING, "warning: ");
}

void log_error(const char *format, ...)
{
    PUT(LOG_ERR, "error: ");
}

void log_quote(const char *label, const char *format, ...)
{
    PUT(LOG_CRIT, label);
}

void log_fatal(const char *format, ...)
{
    PUT(LOG_CRIT, "fatal: ");
    exit(1);
}

void log_fatal_status(int exit_status, const char *format, ...)
{
    PUT(LOG_CRIT, "fatal: ");
    exit(exit_status);
}
