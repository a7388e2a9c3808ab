/* from_check.h: the author whom a message names (From:) must be somebody whom the login may speak for:
 * smtpd_from_login_mismatch_action. */
#ifndef SMTPD_FROM_CHECK_H
#define SMTPD_FROM_CHECK_H
#include <stdbool.h>
#include <stddef.h>

#include "util/mail/verdict.h"

struct session;

/* Whether content must be shown to from_check_take. */
bool from_check_is_wanted(const struct session *session);
void from_check_take(struct session *session, const char *bytes, size_t length, bool line_end);
/* At the end of the message, before it is committed: code 0, or what the client is told. May put it on hold. */
struct verdict from_check_judge(struct session *session);
#endif
