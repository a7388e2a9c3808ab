/* smtp_tls.h: TLS in the SMTP and LMTP clients (RFC 3207): keys and authorities of the process, and the switch of a
 * session to TLS as the policy of its destination wants it. */
#ifndef DELIVERY_SMTP_TLS_H
#define DELIVERY_SMTP_TLS_H
#include <stdbool.h>

#include "delivery/smtp/smtp_tls_policy.h"
#include "master/worker/tls_sessions.h"
#include "util/net/tls.h"

struct smtp_session;

struct smtp_tls {
    struct smtp_tls_rules rules;
    struct tls_context *context; /* NULL: no destination wants TLS, or keys or settings can't be used */
    int log_level;
    struct maps *log_levels;     /* smtp_tls_loglevel_maps */
    const char *anchors_title;   /* files that main_anchors come from */
    struct tls_anchors *main_anchors;  /* of main.cf, read before confinement; NULL: none, or not readable then */
    char *other_files;           /* the latest others that a policy named; NULL: none yet */
    struct tls_anchors *other_anchors;
    struct tls_sessions *sessions; /* NULL: smtp_tls_session_cache_database isn't set */
    const char *service;         /* for the names of sessions */
    const char *cache_name;
};

/* Before privileges are given up. config: the worker's, with lmtp's values in place. */
void smtp_tls_open(struct smtp_tls *tls, struct worker *worker, bool lmtp);
void smtp_tls_close(struct smtp_tls *tls);

/* Reads the files of policy->anchors, unless they are at hand. False: one can't be used, which was logged. */
bool smtp_tls_load_anchors(struct smtp_tls *tls, const struct smtp_tls_policy *policy, const char *next_hop, const char *server);

/* The handshake, now; the session's transport is TLS from here on, and nothing is left of what the server announced.
 * False: it failed, which was logged, and the session is of no use. */
bool smtp_tls_start(struct smtp_tls *tls, struct smtp_session *session, int64_t timeout_s);
/* Whether the server is who the policy wants. */
bool smtp_tls_is_satisfied(const struct smtp_session *session);
#endif
