/* encryption.h: TLS in the SMTP server (RFC 3207): what one process loads before it gives up its privileges, and the
 * switch of one session from plain text to TLS. */
#ifndef SMTPD_ENCRYPTION_H
#define SMTPD_ENCRYPTION_H
#include <stdbool.h>

#include "master/worker/worker.h"
#include "util/config/config.h"
#include "util/config/config_tls.h"
#include "util/mail/verdict.h"
#include "util/net/tls.h"

struct session;
struct encryption;

/* Before confinement. NULL: TLS is switched off. Keys that can't be used are logged; the commands
 * then say so. */
struct encryption *encryption_open(struct worker *worker);
/* The same for a process that has no supervisor: sessions aren't shared. secret: TLS_SECRET_BYTES, borrowed; keep: tls_keep.h. */
struct encryption *encryption_open_alone(const struct config *config, const unsigned char *secret, int keep);
void encryption_close(struct encryption *encryption); /* NULL is allowed */
/* Whether a key, certificate or table was replaced. */
bool encryption_has_changed(struct encryption *encryption); /* NULL is allowed */

/* All of these take NULL (TLS is off). */
bool encryption_is_offered(const struct encryption *encryption);
/* Nothing but STARTTLS and the like is allowed before it. */
bool encryption_is_required(const struct encryption *encryption);
/* TLS from the first byte. */
bool encryption_is_immediate(const struct encryption *encryption);
/* Keys were loaded. */
bool encryption_is_available(const struct encryption *encryption);

/* The handshake, now. From here on the session's transport is TLS, and nothing is left of what the client said
 * before: no bytes that it sent ahead, no name, no transaction, no login. code 0: fine. 421: goodbye is due, to be
 * said over TLS. Any other code: the handshake failed, which was logged, and the connection is of no use. */
struct verdict encryption_start(struct session *session);
/* Says goodbye on the level of TLS. */
void encryption_stop(struct session *session);

#endif
