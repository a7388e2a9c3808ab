/* proxy_filter.h: smtpd_proxy_filter (SMTPD_PROXY_README): a message goes to another SMTP server before it is accepted, and
 * what that one says the client is told. Nothing is queued here. The transaction owns the connection (proxy_link.h) and closes
 * it when it is reset. */
#ifndef SMTPD_PROXY_FILTER_H
#define SMTPD_PROXY_FILTER_H
#include <stdbool.h>

#include "util/mail/verdict.h"

struct session;

/* Whether messages of this service go that way. */
bool proxy_filter_is_wanted(const struct session *session);

/* At the first recipient: connects, introduces itself, says whose mail it is and MAIL; with speed_adjust that happens at the end.
 * code 0: transaction.proxy is there. */
struct verdict proxy_filter_open(struct session *session);
/* arguments: what the client said behind the verb. */
struct verdict proxy_filter_recipient(struct session *session, const char *arguments);
/* code 0: content may come (transaction_text). */
struct verdict proxy_filter_data(struct session *session);
/* The filter's answer to the message. */
struct verdict proxy_filter_end(struct session *session);
#endif
