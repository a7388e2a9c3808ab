/* handshake.h: the switch of one session from plain text to TLS (RFC 3207), by STARTTLS or from the first byte. */
#ifndef SMTPD_HANDSHAKE_H
#define SMTPD_HANDSHAKE_H
#include "util/mail/verdict.h"

struct session;

/* The handshake, now. From here on the session's transport is TLS, and nothing is left of what the client said
 * before: no bytes that it sent ahead, no name, no transaction, no login. code 0: fine. 421: goodbye is due, to be
 * said over TLS. Any other code: the handshake failed, which was logged, and the connection is of no use. */
struct verdict handshake_start(struct session *session);
/* Says goodbye on the level of TLS. */
void handshake_stop(struct session *session);
#endif
