/* limits.h: how much one client may do at a time or in anvil_rate_time_unit: smtpd_client_*_limit. The counting is done by anvil(8)
 * for all workers; a client that smtpd_client_event_limit_exceptions lists, or an event without limit, costs nothing. */
#ifndef SMTPD_LIMITS_H
#define SMTPD_LIMITS_H
#include <stdbool.h>
#include <stdint.h>

#include "util/config/config.h"
#include "util/mail/verdict.h"

struct session;
struct limits;

enum limit_event { LIMIT_MAIL, LIMIT_RCPT, LIMIT_AUTH, LIMIT_TLS };

/* socket: private/anvil. */
struct limits *limits_open(const struct config *config, const char *socket);
void limits_close(struct limits *limits);

/* A client came, or was made known by XCLIENT: code 0, or the 421 to greet it with. */
struct verdict limits_connect(struct session *session);
/* It left. */
void limits_disconnect(struct session *session);
/* It does something that may be limited: code 0, or the refusal (for LIMIT_TLS one that ends the session). */
struct verdict limits_count(struct session *session, enum limit_event event);
/* smtpd_client_event_limit_exceptions lists it, or it may speak for others (XCLIENT), who are counted instead. */
bool limits_is_excepted(const struct session *session);
/* Address or network in whose name this client is counted; lives as long as the command. */
const char *limits_client_group(const struct session *session);
/* Adds to what anvil knows of that name in the present window, and tells the sum. False: anvil isn't there. */
bool limits_add(struct limits *limits, const char *name, uint32_t amount, uint32_t window_s, uint32_t *sum);
#endif
