/* smtp_tls_policy.h: how much TLS a destination gets, from smtp_tls_security_level, smtp_tls_policy_maps or
 * smtp_tls_per_site (TLS_README). Nothing is connected to or changed here. */
#ifndef DELIVERY_SMTP_TLS_POLICY_H
#define DELIVERY_SMTP_TLS_POLICY_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/table/maps.h"

/* In the order of strength, which comparisons rely on. */
enum smtp_tls_level {
    SMTP_TLS_UNKNOWN,
    SMTP_TLS_NONE,
    SMTP_TLS_MAY,
    SMTP_TLS_ENCRYPT,
    SMTP_TLS_DANE,
    SMTP_TLS_DANE_ONLY,
    SMTP_TLS_FINGERPRINT,
    SMTP_TLS_VERIFY,
    SMTP_TLS_SECURE,
};

struct smtp_tls_policy {
    enum smtp_tls_level level;
    const char *protocols;
    const char *ciphers;          /* a grade */
    const char *exclude[4];       /* ciphers; ends with NULL */
    const char *server_name;      /* for SNI; "": none */
    const char *const *match;     /* names, or fingerprints at that level */
    size_t match_count;
    const char *anchors;          /* files with what is trusted in place of authorities; "": none */
    bool reuse;                   /* the connection may serve more messages */
};

/* The tables that are asked, and what holds where they say nothing. */
struct smtp_tls_rules {
    const struct config *config;  /* with lmtp's values in place */
    bool lmtp;
    enum smtp_tls_level level;
    struct maps *policies;        /* smtp_tls_policy_maps */
    struct maps *sites;           /* smtp_tls_per_site */
    bool dane_was_warned_of;
};

/* Ends the process on a level that isn't one. */
void smtp_tls_policy_open(struct smtp_tls_rules *rules, const struct config *config, bool lmtp);
void smtp_tls_policy_close(struct smtp_tls_rules *rules);
/* Whether any destination might get TLS. */
bool smtp_tls_policy_may_encrypt(const struct smtp_tls_rules *rules);

/* next_hop: as written, host: its domain or host without brackets and port, server: the name of the server at hand.
 * False: the configuration is of no use for this destination, which was logged. Texts live in the arena. */
bool smtp_tls_policy_find(struct smtp_tls_rules *rules, const char *next_hop, const char *host, const char *server,
    struct arena *arena, struct smtp_tls_policy *policy);
#endif
