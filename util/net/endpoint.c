#include "util/net/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

/* "host:port", "[host]:port"; a port alone means this machine. */
static void split(const char *text, struct str *host, struct str *port)
{
    const char *colon = strrchr(text, ':');
    const char *end = colon == NULL ? text : colon;

    str_set(port, colon == NULL ? text : colon + 1);
    str_clear(host);
    if (end - text >= 2 && text[0] == '[' && end[-1] == ']')
        str_put_bytes(host, text + 1, (size_t)(end - text) - 2);
    else
        str_put_bytes(host, text, (size_t)(end - text));
    if (host->length == 0)
        str_set(host, "localhost");
}

static int family_of(const char *protocols)
{
    bool v4 = strstr(protocols, "ipv4") != NULL || strstr(protocols, "all") != NULL;
    bool v6 = strstr(protocols, "ipv6") != NULL || strstr(protocols, "all") != NULL;

    return v4 == v6 ? AF_UNSPEC : v4 ? AF_INET : AF_INET6;
}

static int connect_address(const struct addrinfo *address, int64_t deadline)
{
    int fd = socket(address->ai_family, SOCK_STREAM, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    fd_set_close_on_exec(fd, true);
    fd_set_nonblocking(fd, true);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* speed only: our writes are whole */
    if (connect(fd, address->ai_addr, address->ai_addrlen) == 0
        || (errno == EINPROGRESS && fd_finish_connect(fd, deadline)))
        return fd;
    int error = errno;
    fd_close(&fd);
    errno = error;
    return -1;
}

static int connect_inet(const char *protocols, const char *text, int64_t deadline)
{
    struct addrinfo hints = { .ai_family = family_of(protocols), .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    struct str host = {0};
    struct str port = {0};
    int fd = -1;

    split(text, &host, &port);
    int problem = getaddrinfo(str_text(&host), str_text(&port), &hints, &found);
    if (problem != 0) {
        log_warning("host or service %s not found: %s", text, gai_strerror(problem));
        found = NULL;
    }
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *each = found; each != NULL && fd < 0; each = each->ai_next) {
        fd = connect_address(each, deadline);
        error = errno;
    }
    if (found != NULL)
        freeaddrinfo(found);
    str_free(&host);
    str_free(&port);
    errno = error;
    return fd;
}

int endpoint_connect(const char *protocols, const char *endpoint, int64_t timeout_s)
{
    int64_t limit = timeout_s < INT32_MAX / 1000 ? timeout_s * 1000 : INT32_MAX;

    if (text_starts_with(endpoint, "unix:"))
        return fd_connect_unix(endpoint + strlen("unix:"), (int)limit);
    if (text_starts_with(endpoint, "local:"))
        return fd_connect_unix(endpoint + strlen("local:"), (int)limit);
    return connect_inet(protocols, text_starts_with(endpoint, "inet:") ? endpoint + strlen("inet:") : endpoint,
        clock_deadline_s(timeout_s));
}
