/* login.h: who a client is, once AUTH (RFC 4954) has told. */
#ifndef SMTPD_LOGIN_H
#define SMTPD_LOGIN_H
#include <stdbool.h>

#include "util/base/str.h"

struct service;
struct session;

/* At the start of a session, and anew after STARTTLS: makes AUTH possible if the configuration wants it. Ends the process if no
 * mechanism can be had. Forgets who was logged in. */
void login_start(struct session *session);
void login_stop(struct session *session);
/* False: AUTH is wanted from the start of a session, and nobody is there to check it; *why is for the log. */
bool login_is_possible(struct service *service, struct str *why);

/* Whether AUTH is announced to this client. */
bool login_is_offered(const struct session *session);
/* ", sasl_method=PLAIN, sasl_username=alice, sasl_sender=..." for the "client=" line; "" when there is nothing. In the call's
 * memory. */
const char *login_log_text(const struct session *session);
#endif
