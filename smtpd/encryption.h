/* encryption.h: TLS in the SMTP server: what one process loads before it gives up its privileges (handshake.h uses it). */
#ifndef SMTPD_ENCRYPTION_H
#define SMTPD_ENCRYPTION_H
#include <stdbool.h>

#include "master/worker/worker.h"
#include "util/config/config.h"
#include "util/config/config_tls.h"
#include "util/net/client_name.h"
#include "util/net/tls.h"

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
/* A client without a certificate that we trust isn't served (smtpd_tls_req_ccert). */
bool encryption_must_see_certificate(const struct encryption *encryption);

/* The handshake as the server; keys must be available. client_text is for the log and borrowed until the connection ends. NULL: it
 * failed, which was logged. */
struct tls *encryption_accept(struct encryption *encryption, int fd, const struct client_name *client, const char *client_text);
#endif
