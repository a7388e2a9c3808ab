/* smtp_hosts.h: the server addresses of one destination, in the order in which they are tried (RFC 5321 section 5.1,
 * RFC 7505): by MX preference, equal ones shuffled, without ourselves and anybody less preferred than us. For a service that
 * use_srv_lookup names, SRV records say servers, order and ports instead (RFC 2782). */
#ifndef DELIVERY_SMTP_HOSTS_H
#define DELIVERY_SMTP_HOSTS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "delivery/smtp/smtp_dns.h"
#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/net/own_address.h"

struct smtp_host {
    const char *name;         /* host name, or address as written */
    const char *address_text; /* "192.0.2.1" */
    struct sockaddr_storage address; /* with the port */
    socklen_t address_length;
    unsigned port;
    unsigned preference;      /* of MX; SRV: priority */
    unsigned rank;            /* among equal preferences: the lot that an SRV record drew; MX: 0 */
};

struct smtp_hosts {
    struct smtp_host *list;
    size_t count;
    bool loops;          /* we are the best server for the domain: there is nobody to send to */
    bool we_are_listed;  /* a fall-back relay must not get this mail: it might come back */
    /* When count is 0: */
    int code;            /* 450 or 550 */
    const char *status;
    const char *why;
};

/* What the look-ups depend on; own: for finding ourselves. */
struct smtp_hosts_settings {
    const struct config *config;
    const struct own_address *own;
    const struct smtp_dns *dns;
    bool use_dns;
    bool use_native;
    bool use_ipv4;
    bool use_ipv6;
};
void smtp_hosts_settings_init(struct smtp_hosts_settings *settings, const struct config *config,
    const struct own_address *own, const struct smtp_dns *dns);

struct smtp_destination {
    const char *host;
    unsigned port;
    const char *service; /* its SRV records are looked for first; NULL: they aren't */
    bool mx;             /* host is a domain whose MX records count */
    bool detect_loops;   /* leave out ourselves, at port 25 */
};

/* Whether use_srv_lookup names that service. */
bool smtp_hosts_wants_srv(const struct config *config, const char *service);
/* Finds them. Everything in *hosts lives in the arena. */
void smtp_hosts_find(const struct smtp_hosts_settings *settings, const struct smtp_destination *destination,
    struct arena *arena, struct smtp_hosts *hosts);

/* Puts them into order: by preference and rank, then the preferred family (AF_UNSPEC: none), else as they are. Pure. */
void smtp_hosts_sort(struct smtp_host *list, size_t count, int family);
/* Cuts the list at limit (0: none); with balance, both families keep a share of it. The new count. Pure. */
size_t smtp_hosts_limit(struct smtp_host *list, size_t count, size_t limit, bool balance);
/* Cuts the list before the first host that isn't better than `preference`. The new count. Pure. */
size_t smtp_hosts_keep_better(struct smtp_host *list, size_t count, unsigned preference);
#endif
