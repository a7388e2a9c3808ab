#include "smtpd/upstream.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>

#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/haproxy.h"

static void set_address(const struct ip_address *address, uint16_t port, struct sockaddr_storage *to)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (address->family == AF_INET) {
        memcpy(&v4.sin_addr, address->bytes, sizeof(v4.sin_addr));
        memcpy(to, &v4, sizeof(v4));
    } else {
        memcpy(&v6.sin6_addr, address->bytes, sizeof(v6.sin6_addr));
        memcpy(to, &v6, sizeof(v6));
    }
}

/* Waits for the first bytes. False: *why. */
static bool wait_for_header(int fd, int64_t timeout_s, struct str *why)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
    int64_t deadline = clock_deadline_s(timeout_s);
    char first;
    int ready;

    do
        ready = poll(&poll_fd, 1, clock_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready > 0 && recv(fd, &first, 1, MSG_PEEK) > 0)
        return true;
    str_set(why, ready == 0 ? "timeout error" : "EOF");
    return false;
}

bool upstream_read(const struct config *config, int fd, struct upstream *upstream)
{
    struct haproxy_families families = haproxy_families_of(config->inet_protocols);
    struct haproxy_header header;
    struct str why = {0};

    *upstream = (struct upstream){0};
    if (*config->smtpd_upstream_proxy_protocol == '\0')
        return true;
    if (!text_equal(config->smtpd_upstream_proxy_protocol, "haproxy"))
        log_fatal("unsupported smtpd_upstream_proxy_protocol value: %s", config->smtpd_upstream_proxy_protocol);
    bool is_good = wait_for_header(fd, config->smtpd_upstream_proxy_timeout, &why)
        && haproxy_take(fd, families, &header, &why);
    if (!is_good) {
        log_warning("haproxy read: %s", str_text(&why));
    } else if (!header.is_local) {
        upstream->is_told = true;
        set_address(&header.client, header.client_port, &upstream->client);
        set_address(&header.server, header.server_port, &upstream->server);
    }
    str_free(&why);
    return is_good;
}
