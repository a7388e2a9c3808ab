/* smtp_next_hop.h: what the next hop of the SMTP and LMTP clients may look like (smtp(8), lmtp(8)): a list, separated by
 * commas or blanks, of  domain  domain:port  [host]  [host]:port  [address]  [ipv6:address]:port,
 * and for LMTP also  unix:path  inet:host:port. Pure: text in, parts out. */
#ifndef DELIVERY_SMTP_NEXT_HOP_H
#define DELIVERY_SMTP_NEXT_HOP_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"

struct smtp_next_hop {
    const char *text;   /* as written */
    bool is_unix;       /* host is the path of a Unix socket */
    bool is_bracketed;  /* [host]: no MX look-up */
    const char *host;   /* domain, host or address, without brackets and without "ipv6:" */
    const char *port;   /* number or service name; "" when none is given */
};

/* False: *why says what is wrong with it (in the arena). */
bool smtp_next_hop_parse(const char *text, bool lmtp, struct arena *arena, struct smtp_next_hop *hop, const char **why);

/* The members of a list, not yet parsed; in the arena. */
size_t smtp_next_hop_list(const char *list, struct arena *arena, const char ***members);

/* Number of a port given as digits or name: known_tcp_ports ("smtp=25, submission=587, smtps=submissions=465") is asked
 * first, then the system. 0: unknown. */
unsigned smtp_next_hop_port(const char *port, const char *known_tcp_ports);
#endif
