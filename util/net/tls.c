#include "util/net/tls.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/net/host_name.h"
#include "util/net/tls_describe.h"
#include "util/net/tls_fingerprint.h"
#include "util/net/tls_log.h"
#include "util/net/tls_names.h"
#include "util/net/tls_server_session.h"
#include "util/net/tls_ticket.h"

struct tls {
    SSL *ssl;
    struct tls_context *context;
    struct arena *arena;
    struct tls_facts facts;
    const char *peer;
    const char *session_key;
    const char *cache_name; /* for the log */
    bool is_server;
    bool is_stepwise;   /* tls_accept_begin: tlsproxy has words of its own in the log */
    bool is_broken;     /* the library forbids further calls */
    bool match_is_required;
    const struct tls_anchors *anchors; /* during the handshake; NULL: none */
    int log_level;
    long verify_error;  /* the first thing found wrong with the chain */
    int verify_depth;
    const char *bad_issuer;
};

static int tls_index(void)
{
    static int index = -1;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    return index;
}

/* --- certificates of the other side --- */

/* An anchor is trusted whatever its date. */
static bool is_an_anchors_date(const struct tls *tls, int error, const X509 *certificate)
{
    return tls->anchors != NULL && certificate != NULL && (error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID)
        && tls_anchors_has(tls->anchors, certificate);
}

/* Lets everything pass: whether a bad certificate is a reason to stop is decided when the whole is known. */
static int on_verify(int good, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls *tls = SSL_get_ex_data(ssl, tls_index());
    const X509 *certificate = X509_STORE_CTX_get_current_cert(store);
    char name[512] = "<unknown>";

    if (tls->log_level >= 2) {
        if (certificate != NULL)
            (void)X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name)); /* or it stays unknown */
        log_info("%s: depth=%d verify=%d subject=%s", tls->peer, X509_STORE_CTX_get_error_depth(store), good, name);
    }
    if (!good && is_an_anchors_date(tls, X509_STORE_CTX_get_error(store), certificate)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    if (!good && tls->verify_error == X509_V_OK) {
        tls->verify_error = X509_STORE_CTX_get_error(store);
        tls->verify_depth = X509_STORE_CTX_get_error_depth(store);
        if (certificate != NULL
            && X509_NAME_oneline(X509_get_issuer_name(certificate), name, sizeof(name)) != NULL)
            tls->bad_issuer = arena_copy_text(tls->arena, name);
    }
    return 1;
}

static void log_bad_chain(const struct tls *tls)
{
    const char *prefix = "certificate verification failed for";

    switch (tls->verify_error) {
    case X509_V_OK:
        break;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        log_info("%s %s: self-signed certificate", prefix, tls->peer);
        break;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        log_info("%s %s: untrusted issuer %s", prefix, tls->peer, tls->bad_issuer);
        break;
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD:
        log_info("%s %s: certificate not yet valid", prefix, tls->peer);
        break;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD:
        log_info("%s %s: certificate has expired", prefix, tls->peer);
        break;
    case X509_V_ERR_INVALID_PURPOSE:
        log_info("%s %s: not designated for use as a %s certificate", prefix, tls->peer, tls->verify_depth > 0 ? "CA"
            : tls->is_server ? "client" : "server");
        break;
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
        log_info("%s %s: certificate chain longer than limit(%d)", prefix, tls->peer,
            tls_context_settings(tls->context)->verify_depth);
        break;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
    case X509_V_ERR_DANE_NO_MATCH: /* none of the anchors */
        log_info("server %s %s: num=%ld:%s", prefix, tls->peer, tls->verify_error,
            X509_verify_cert_error_string(tls->verify_error));
        break;
    default:
        log_info("%s %s: num=%ld:%s", prefix, tls->peer, tls->verify_error,
            X509_verify_cert_error_string(tls->verify_error));
        break;
    }
}

static bool has_fingerprint(const struct tls *tls, const struct tls_wish *wish)
{
    for (size_t i = 0; i < wish->fingerprint_count; i++) {
        const char *wanted = wish->fingerprints[i];
        if (tls_fingerprint_equal(wanted, strlen(wanted), tls->facts.fingerprint)
            || tls_fingerprint_equal(wanted, strlen(wanted), tls->facts.key_fingerprint))
            return true;
    }
    return false;
}

static enum tls_trust find_trust(struct tls *tls, const struct tls_wish *wish)
{
    if (!tls->facts.has_certificate)
        return TLS_ANONYMOUS;
    if (wish != NULL && wish->fingerprints != NULL)
        return has_fingerprint(tls, wish) ? TLS_VERIFIED : TLS_UNTRUSTED;
    if (tls->verify_error == X509_V_OK)
        tls->verify_error = SSL_get_verify_result(tls->ssl); /* of a session that goes on, for example */
    if (tls->verify_error != X509_V_OK)
        return TLS_UNTRUSTED;
    return wish != NULL && wish->name_count > 0 ? TLS_VERIFIED : TLS_TRUSTED;
}

static void log_certificate(const struct tls *tls)
{
    const struct tls_facts *facts = &tls->facts;
    const X509 *certificate = SSL_get0_peer_certificate(tls->ssl);
    char name[512];

    if (tls->is_server) {
        if (X509_NAME_oneline(X509_get_subject_name(certificate), name, sizeof(name)) != NULL)
            log_info("subject=%s", name);
        if (X509_NAME_oneline(X509_get_issuer_name(certificate), name, sizeof(name)) != NULL)
            log_info("issuer=%s", name);
    }
    log_info("%s: subject_CN=%s, %s=%s, fingerprint=%s, pkey_fingerprint=%s", tls->peer, facts->subject,
        tls->is_server ? "issuer" : "issuer_CN", facts->issuer, facts->fingerprint, facts->key_fingerprint);
}

static void log_reuse(const struct tls *tls)
{
    log_info("%s: Reusing old session%s", tls->peer, tls_ticket_was_taken(tls->ssl) ? " (RFC 5077 session ticket)" : "");
}

static void conclude(struct tls *tls, const struct tls_wish *wish)
{
    tls_describe_connection(tls->ssl, tls->is_server, tls_context_digest(tls->context), tls->arena, &tls->facts);
    tls->facts.trust = find_trust(tls, wish);
    if (tls->is_server && tls->log_level >= 2 && tls->facts.resumed)
        log_reuse(tls);
    bool by_chain = wish == NULL || wish->fingerprints == NULL;
    bool is_required = tls->is_server ? tls_context_settings(tls->context)->require_certificate : tls->match_is_required;
    bool log_chain = by_chain && is_required && tls->log_level >= 1;
    if (tls->facts.has_certificate) {
        if (log_chain && !tls->is_server)
            log_bad_chain(tls);
        if (tls->log_level >= 2)
            log_certificate(tls);
        if (log_chain && tls->is_server)
            log_bad_chain(tls);
    }
    if (tls->log_level >= 1)
        tls_describe_log(&tls->facts, tls->is_server, tls->peer);
}

/* --- the handshake --- */

/* Waits as the library wants it. False with *timeout: the time is up, or poll failed. */
static bool wait_for(int fd, int reason, int64_t deadline_ms)
{
    struct pollfd poll_fd = { .fd = fd, .events = reason == SSL_ERROR_WANT_WRITE ? POLLOUT : POLLIN };

    for (;;) {
        int ready = poll(&poll_fd, 1, clock_left_ms(deadline_ms));
        if (ready > 0)
            return true;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready == 0 || errno != EINTR)
            return false;
    }
}

static void log_failure(const struct tls *tls, int reason, int error)
{
    const char *call = tls->is_server ? "SSL_accept error from" : "SSL_connect error to";

    if (tls->is_stepwise)
        log_info("TLS handshake failed for service=smtpd peer=%s", tls->peer);
    else if (error == ETIMEDOUT)
        log_info("%s %s: Connection timed out", call, tls->peer);
    else if (reason == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING)
        log_info("%s %s: -1", call, tls->peer);
    else if (reason == SSL_ERROR_SYSCALL && error != 0)
        log_info("%s %s: %s", call, tls->peer, strerror(error));
    else
        log_info("%s %s: lost connection", call, tls->peer);
    if (reason == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        ERR_clear_error();
    tls_log_problems();
}

static void begin_handshake(const struct tls *tls)
{
    if (tls->log_level >= 2)
        tls_log_steps(tls->ssl);
    if (tls->log_level >= 3)
        tls_log_bytes(tls->ssl, true);
}

/* As far as it goes without waiting. */
static enum tls_step step_handshake(struct tls *tls)
{
    ERR_clear_error();
    errno = 0;
    int result = tls->is_server ? SSL_accept(tls->ssl) : SSL_connect(tls->ssl);
    int error = errno;
    if (result == 1) {
        if (tls->log_level == 3)
            tls_log_bytes(tls->ssl, false);
        return TLS_STEP_DONE;
    }
    int reason = SSL_get_error(tls->ssl, result);
    if (reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE)
        return reason == SSL_ERROR_WANT_READ ? TLS_STEP_READ : TLS_STEP_WRITE;
    tls->is_broken = true;
    log_failure(tls, reason, error);
    return TLS_STEP_FAILED;
}

static bool run_handshake(struct tls *tls, int fd, int64_t timeout_s)
{
    int64_t deadline_ms = clock_deadline_s(timeout_s);
    enum tls_step step;

    begin_handshake(tls);
    while ((step = step_handshake(tls)) == TLS_STEP_READ || step == TLS_STEP_WRITE) {
        int reason = step == TLS_STEP_READ ? SSL_ERROR_WANT_READ : SSL_ERROR_WANT_WRITE;
        if (!wait_for(fd, reason, deadline_ms)) {
            log_failure(tls, reason, errno);
            return false;
        }
    }
    return step == TLS_STEP_DONE;
}

static void tls_free(struct tls *tls)
{
    SSL_free(tls->ssl);
    arena_free(tls->arena);
    free(tls);
}

static struct tls *prepare(struct tls_context *context, int fd, const char *peer, int log_level)
{
    struct tls *tls = memory_new(struct tls);

    tls->arena = arena_new();
    tls->context = context;
    tls->is_server = tls_context_settings(context)->is_server;
    tls->peer = arena_copy_text(tls->arena, peer);
    tls->log_level = log_level;
    tls->bad_issuer = "<unknown>";
    tls->session_key = "";
    tls->ssl = tls_context_new_connection(context);
    fd_set_nonblocking(fd, true); /* poll waits */
    /* Tickets and replies go out as separate small records: held back for one another's acknowledgement, each connection would lose
     * 40 ms. Fails for sockets that aren't TCP, which don't wait. */
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    if (tls->ssl != NULL && SSL_set_ex_data(tls->ssl, tls_index(), tls) == 1 && SSL_set_fd(tls->ssl, fd) == 1)
        return tls;
    log_warning("Could not allocate 'TLScontext->con' with SSL_new()");
    tls_log_problems();
    tls_free(tls);
    return NULL;
}

static struct tls *run(struct tls *tls, int fd, int64_t timeout_s, const struct tls_wish *wish)
{
    if (!run_handshake(tls, fd, timeout_s)) {
        tls_free(tls);
        return NULL;
    }
    conclude(tls, wish);
    return tls;
}

static struct tls *prepare_server(struct tls_context *context, int fd, const char *peer, int log_level)
{
    const struct tls_settings *settings = tls_context_settings(context);
    struct tls *tls = prepare(context, fd, peer, log_level);

    if (tls == NULL)
        return NULL;
    if (log_level >= 2)
        log_info("setting up TLS connection from %s", peer);
    if (log_level >= 2)
        log_info("%s: TLS cipher list \"%s\"", peer, settings->cipher_list);
    if (settings->ask_certificate)
        SSL_set_verify(tls->ssl, SSL_VERIFY_PEER | SSL_VERIFY_CLIENT_ONCE, on_verify);
    tls_names_set_peer(tls->ssl, tls->peer);
    if (log_level >= 2)
        tls_ticket_log(tls->ssl, tls->peer);
    tls_server_session_attach(tls->ssl, tls_context_sessions(context), tls->peer, log_level);
    return tls;
}

struct tls *tls_accept(struct tls_context *context, int fd, const char *peer, int log_level, int64_t timeout_s)
{
    struct tls *tls = prepare_server(context, fd, peer, log_level);

    return tls == NULL ? NULL : run(tls, fd, timeout_s, NULL);
}

struct tls *tls_accept_begin(struct tls_context *context, int fd, const char *peer, int log_level)
{
    struct tls *tls = prepare_server(context, fd, peer, log_level);

    if (tls == NULL)
        return NULL;
    tls->is_stepwise = true;
    begin_handshake(tls);
    return tls;
}

enum tls_step tls_accept_step(struct tls *tls)
{
    enum tls_step step = step_handshake(tls);

    if (step == TLS_STEP_DONE)
        conclude(tls, NULL);
    return step;
}

void tls_accept_late(struct tls *tls)
{
    tls->is_broken = true;
    log_failure(tls, SSL_ERROR_WANT_READ, ETIMEDOUT);
}

/* --- the client's wishes --- */

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    struct tls *tls = SSL_get_ex_data(ssl, tls_index());

    if (tls == NULL || *tls->session_key == '\0')
        return 0;
    if (tls->log_level >= 2)
        log_info("save session %s to %s cache", tls->session_key, tls->cache_name);
    tls_session_cache_put(tls_context_sessions(tls->context), tls->session_key, session);
    return 0; /* it stays the library's */
}

static bool set_names(struct tls *tls, const struct tls_wish *wish)
{
    X509_VERIFY_PARAM *parameters = SSL_get0_param(tls->ssl);
    unsigned flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;

    if (tls_context_settings(tls->context)->wildcards_span_labels)
        flags |= X509_CHECK_FLAG_MULTI_LABEL_WILDCARDS;
    X509_VERIFY_PARAM_set_hostflags(parameters, flags);
    bool has_address = false;
    for (size_t i = 0; i < wish->name_count; i++) {
        bool is_address = host_name_is_address(wish->names[i], HOST_NAME_SILENT);
        if (is_address && has_address)
            continue; /* the library takes one only */
        if (SSL_add1_host(tls->ssl, wish->names[i]) != 1) /* knows an address when it sees one */
            return false;
        has_address = has_address || is_address;
    }
    return true;
}

static void offer_session(struct tls *tls)
{
    SSL_CTX *ssl = SSL_get_SSL_CTX(tls->ssl);

    if (*tls->session_key == '\0')
        return;
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, on_new_session);
    if (tls->log_level >= 2)
        log_info("looking for session %s in %s cache", tls->session_key, tls->cache_name);
    SSL_SESSION *old = tls_session_cache_find(tls_context_sessions(tls->context), tls->session_key);
    if (old == NULL)
        return;
    if (tls->log_level >= 2)
        log_info("reloaded session %s from %s cache", tls->session_key, tls->cache_name);
    (void)SSL_set_session(tls->ssl, old); /* else a full handshake follows */
    SSL_SESSION_free(old);
}

struct tls *tls_connect(struct tls_context *context, int fd, const char *peer, int log_level, int64_t timeout_s,
    const struct tls_wish *wish)
{
    struct tls *tls = prepare(context, fd, peer, log_level);

    if (tls == NULL)
        return NULL;
    tls->match_is_required = wish->match_is_required;
    tls->session_key = arena_copy_text(tls->arena, wish->session_key);
    tls->cache_name = wish->cache_name;
    tls->anchors = wish->anchors;
    if ((wish->anchors != NULL && !tls_anchors_use(wish->anchors, tls->ssl)) || !set_names(tls, wish)
        || (*wish->server_name != '\0' && SSL_set_tlsext_host_name(tls->ssl, wish->server_name) != 1)) {
        log_warning("%s: error setting up the names to match or to send", peer);
        tls_log_problems();
        tls_free(tls);
        return NULL;
    }
    SSL_set_verify(tls->ssl, SSL_VERIFY_PEER, on_verify);
    offer_session(tls);
    tls = run(tls, fd, timeout_s, wish);
    if (tls != NULL)
        tls->anchors = NULL;
    return tls;
}

/* --- bytes --- */

static ssize_t result_of(struct tls *tls, int result, short *wait)
{
    int error = errno;

    switch (SSL_get_error(tls->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        *wait = POLLIN;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_WANT_WRITE:
        *wait = POLLOUT;
        errno = EAGAIN;
        return -1;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SYSCALL:
        tls->is_broken = true;
        errno = error;
        return error == 0 ? 0 : -1;
    default:
        tls->is_broken = true;
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            ERR_clear_error();
            return 0; /* closed without goodbye, as many do */
        }
        tls_log_problems();
        errno = EPROTO;
        return -1;
    }
}

static ssize_t transport_read(void *context, void *bytes, size_t length, short *wait)
{
    struct tls *tls = context;
    size_t count = 0;

    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(tls->ssl, bytes, length, &count);
    return result == 1 ? (ssize_t)count : result_of(tls, result, wait);
}

static ssize_t transport_write(void *context, const void *bytes, size_t length, short *wait)
{
    struct tls *tls = context;
    size_t count = 0;

    ERR_clear_error();
    errno = 0;
    int result = SSL_write_ex(tls->ssl, bytes, length, &count);
    if (result == 1)
        return (ssize_t)count;
    ssize_t outcome = result_of(tls, result, wait);
    if (outcome == 0) { /* nothing more can be sent: not the same as nothing sent yet */
        errno = EPIPE;
        return -1;
    }
    return outcome;
}

static bool transport_pending(void *context)
{
    return SSL_has_pending(((struct tls *)context)->ssl) == 1;
}

const struct stream_transport tls_transport = { transport_read, transport_write, transport_pending };

const struct tls_facts *tls_facts(const struct tls *tls)
{
    return &tls->facts;
}

void tls_close(struct tls *tls)
{
    if (tls == NULL)
        return;
    ERR_clear_error();
    if (!tls->is_broken)
        (void)SSL_shutdown(tls->ssl); /* one way and without waiting: the other side may be gone */
    ERR_clear_error();
    tls_free(tls);
}
