/* tls_log.h: what TLS writes to the log besides the summary of a connection: OpenSSL's error queue, and the details
 * of log levels 2 (steps of the handshake), 3 (bytes of the handshake) and 4 (all bytes). */
#ifndef UTIL_NET_TLS_LOG_H
#define UTIL_NET_TLS_LOG_H
#include <openssl/ssl.h>
#include <stdbool.h>

/* Logs and empties the error queue of OpenSSL: "TLS library problem: ...". */
void tls_log_problems(void);
/* "0" to "4"; more counts as 4, anything else as 0, with a warning. */
int tls_log_level(const char *parameter, const char *text);
/* Level 2: every step that the handshake of this connection takes. */
void tls_log_steps(SSL *ssl);
/* Levels 3 and 4: bytes in and out, on or off. */
void tls_log_bytes(SSL *ssl, bool on);
#endif
