/* tls.h: one TLS connection on a socket: the handshake with its time limit, what is known of the other side
 * afterwards, and the transport for util/io/stream.h. The lines that it logs are worded as Postfix's. */
#ifndef UTIL_NET_TLS_H
#define UTIL_NET_TLS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/io/stream.h"
#include "util/net/tls_anchors.h"
#include "util/net/tls_context.h"

enum tls_trust {
    TLS_ANONYMOUS, /* showed no certificate */
    TLS_UNTRUSTED, /* showed one that nobody we trust has signed, or not one that we want */
    TLS_TRUSTED,   /* a certificate that somebody we trust has signed */
    TLS_VERIFIED,  /* and it is the one we asked for */
};

/* Texts are "" where there is nothing to say. */
struct tls_facts {
    enum tls_trust trust;
    bool has_certificate;
    bool resumed;
    const char *protocol;         /* "TLSv1.3" */
    const char *cipher;
    int cipher_bits;              /* in use */
    int cipher_total_bits;
    const char *key_exchange;     /* "key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256" */
    const char *client_signature; /* "client-signature ... client-digest ..." */
    const char *subject;          /* common name of the other side's certificate */
    const char *issuer;           /* of its issuer */
    const char *fingerprint;      /* of the certificate */
    const char *key_fingerprint;  /* of its public key */
    const char *server_name;      /* server: the name by which our certificate was chosen */
};

/* Client: what to ask for and what to accept. */
struct tls_wish {
    const char *server_name;      /* SNI; "": none */
    const char *const *names;     /* the certificate must have one of these; ".example": any below; NULL: any */
    size_t name_count;
    const char *const *fingerprints; /* the certificate or its key must have one of these; NULL: not asked for */
    size_t fingerprint_count;
    const struct tls_anchors *anchors; /* trusted instead of the authorities; NULL: those it is. Borrowed for the handshake */
    bool match_is_required;       /* for the log: a certificate that doesn't match is worth a line */
    const char *cache_name;       /* "smtp", for the log */
    const char *session_key;      /* "": no session of an earlier connection is used */
};

struct tls;

/* Runs the handshake on a connected socket in non-blocking mode, within timeout_s. peer: "name[address]", with
 * ":port" for servers, for the log. log_level: smtpd_tls_loglevel. NULL: it failed, and that was logged. */
struct tls *tls_accept(struct tls_context *context, int fd, const char *peer, int log_level, int64_t timeout_s);
struct tls *tls_connect(struct tls_context *context, int fd, const char *peer, int log_level, int64_t timeout_s,
    const struct tls_wish *wish);
/* Servers that can't wait (event loops): makes the connection ready; then as often as the socket allows one more step. */
enum tls_step { TLS_STEP_DONE, TLS_STEP_READ, TLS_STEP_WRITE, TLS_STEP_FAILED }; /* READ, WRITE: what to wait for */
struct tls *tls_accept_begin(struct tls_context *context, int fd, const char *peer, int log_level);
enum tls_step tls_accept_step(struct tls *tls); /* FAILED was logged; close it */
void tls_accept_late(struct tls *tls);          /* logs that the time is up */
/* Says goodbye if that doesn't need waiting. The socket stays open. NULL is allowed. */
void tls_close(struct tls *tls);
const struct tls_facts *tls_facts(const struct tls *tls);

/* stream_set_transport(stream, &tls_transport, tls). */
extern const struct stream_transport tls_transport;
#endif
