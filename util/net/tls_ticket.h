/* tls_ticket.h: session tickets (RFC 5077, RFC 8446 section 4.6.1): keys that change with time, made from a secret
 * that the processes of one service share, so that no other service takes its tickets and none are kept on disk. */
#ifndef UTIL_NET_TLS_TICKET_H
#define UTIL_NET_TLS_TICKET_H
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

enum { TLS_SECRET_BYTES = 32 };

struct tls_ticket;

/* cipher: a CBC cipher ("aes-256-cbc"). secret: TLS_SECRET_BYTES, borrowed. Each key gives out tickets for period_s,
 * and takes them for that long again. NULL: not such a cipher, which was logged. */
struct tls_ticket *tls_ticket_open(const char *cipher, const unsigned char *secret, int64_t period_s);
void tls_ticket_close(struct tls_ticket *ticket); /* NULL is allowed */
void tls_ticket_use(SSL_CTX *ssl);
/* For each connection. */
void tls_ticket_attach(struct tls_ticket *ticket, SSL *ssl);
/* Whether the client showed a ticket that we took. */
bool tls_ticket_was_taken(const SSL *ssl);
/* Tickets of this connection are told to the log, with that name for the client; borrowed until it ends. */
void tls_ticket_log(SSL *ssl, const char *peer);
#endif
