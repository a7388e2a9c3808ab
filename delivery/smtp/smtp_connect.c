#include "delivery/smtp/smtp_connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/log/log.h"

/* The address to connect from: as configured ("[]" taken away), or the only own address of that family that isn't a
 * loopback address. False: the system chooses. */
static bool find_source(const struct smtp_client *client, int family, char text[64], bool *configured)
{
    const struct config *config = client->config;
    const char *bind_address = family == AF_INET6 ? config->smtp_bind_address6 : config->smtp_bind_address;
    size_t length = strlen(bind_address);
    bool brackets = length > 2 && bind_address[0] == '[' && bind_address[length - 1] == ']';
    size_t found = 0;
    size_t count = 0;

    *configured = length > 0;
    if (*configured) {
        (void)snprintf(text, 64, "%.*s", (int)(brackets ? length - 2 : length), bind_address + (brackets ? 1 : 0)); /* too long: no address */
        return true;
    }
    if (strcmp(config->inet_interfaces, "all") == 0)
        return false;
    const struct sockaddr_storage *own = own_address_list(client->own, &count);
    for (size_t i = 0; i < count; i++) {
        if (own[i].ss_family != family)
            continue;
        found++;
        const void *address = family == AF_INET6 ? (const void *)&((const struct sockaddr_in6 *)&own[i])->sin6_addr
                                                 : (const void *)&((const struct sockaddr_in *)&own[i])->sin_addr;
        (void)inet_ntop(family, address, text, 64); /* can't fail: known family, room enough */
    }
    return found == 1 && strncmp(text, "127.", 4) != 0 && strcmp(text, "::1") != 0;
}

static bool bind_source(const struct smtp_client *client, int fd, int family, const char **why)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    char text[64] = "";
    bool configured;
    int result;

    if (!find_source(client, family, text, &configured))
        return true;
    void *address = family == AF_INET6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr;
    if (inet_pton(family, text, address) != 1)
        log_fatal("bad %s parameter: %s", family == AF_INET6 ? "smtp_bind_address6" : "smtp_bind_address", text);
    if (family == AF_INET6)
        result = bind(fd, (const struct sockaddr *)&v6, sizeof(v6));
    else
        result = bind(fd, (const struct sockaddr *)&v4, sizeof(v4));
    if (result == 0)
        return true;
    log_warning("bind %s: %s", text, strerror(errno));
    *why = strerror(errno);
    return !configured || !client->config->smtp_bind_address_enforce;
}

int smtp_connect_host(const struct smtp_client *client, const struct smtp_host *host, const char **why)
{
    int family = host->address.ss_family;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int64_t timeout_s = client->config->smtp_connect_timeout;
    int on = 1;

    if (fd < 0) {
        *why = strerror(errno);
        return -1;
    }
    fd_set_window(fd, client->config->tcp_windowsize);
    if (!bind_source(client, fd, family, why)) {
        (void)close(fd); /* nothing was sent */
        return -1;
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)); /* speed only: our writes are whole */
    int64_t deadline_ms = timeout_s > 0 ? clock_deadline_s(timeout_s) : CLOCK_NEVER;
    bool connected = connect(fd, (const struct sockaddr *)&host->address, host->address_length) == 0
        || (errno == EINPROGRESS && fd_finish_connect(fd, deadline_ms));
    if (connected)
        return fd;
    *why = strerror(errno);
    (void)close(fd); /* nothing was sent */
    return -1;
}

int smtp_connect_unix(const struct smtp_client *client, const char *path, const char **why)
{
    int64_t timeout_s = client->config->smtp_connect_timeout;
    int fd = fd_connect_unix(worker_socket_path(client->worker, path), timeout_s > 0 ? (int)timeout_s * 1000 : -1);

    if (fd < 0)
        *why = strerror(errno);
    return fd;
}
