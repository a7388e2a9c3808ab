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
#include "util/net/tls_facts.h"

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
