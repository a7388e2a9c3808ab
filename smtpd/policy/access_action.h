/* access_action.h: what the right-hand side of an access table does (access(5), "ACCEPT ACTIONS" and below). */
#ifndef SMTPD_POLICY_ACCESS_ACTION_H
#define SMTPD_POLICY_ACCESS_ACTION_H
#include "smtpd/policy/evaluation.h"

enum decision access_action_apply(struct evaluation *evaluation, struct table *table, const char *key, const char *action,
    const struct subject *subject);
/* The table failed. */
enum decision access_action_fail(struct evaluation *evaluation, const struct subject *subject);
#endif
