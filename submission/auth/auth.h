/* auth.h: the server side of AUTH (RFC 4954): who checks a login, be it Dovecot or Cyrus SASL (smtpd_sasl_type). What goes
 * over the wire is passed here in base64, as SMTP has it. Secrets are wiped as soon as they were handed on. */
#ifndef SUBMISSION_AUTH_AUTH_H
#define SUBMISSION_AUTH_AUTH_H
#include <stdbool.h>

#include "submission/auth/auth_client.h"
#include "util/base/str.h"
#include "util/config/config.h"

struct auth_service; /* of the process */
struct auth;         /* of one session */

/* Before confinement: Cyrus SASL reads its files now. socket_path: where smtpd_sasl_path lies as this process will see it. Ends
 * the process if the configuration makes no sense. */
struct auth_service *auth_service_open(const struct config *config, const char *socket_path);
void auth_service_close(struct auth_service *service); /* NULL is allowed */

/* A file that must stay readable after confinement; NULL: none. */
const char *auth_service_file(const struct auth_service *service);

/* NULL: no mechanism can be had; *why is for the log. client and its texts are borrowed. */
struct auth *auth_open(struct auth_service *service, const struct auth_client *client, struct str *why);
void auth_close(struct auth *auth); /* NULL is allowed; gives up what is under way */

/* What to announce: "PLAIN LOGIN". */
const char *auth_mechanisms(const struct auth *auth);

/* Begins. initial: the initial response in base64, "=" for an empty one, NULL for none. answer is replaced. */
enum auth_status auth_begin(struct auth *auth, const char *mechanism, const char *initial, struct str *answer);
/* Goes on after AUTH_CONTINUE with the client's response. */
enum auth_status auth_respond(struct auth *auth, const char *response, struct str *answer);

/* Who logged in, or tried last as far as the back end says; NULL: unknown. Valid until the next call. */
const char *auth_user(const struct auth *auth);
#endif
