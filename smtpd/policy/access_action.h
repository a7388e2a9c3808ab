/* access_action.h: what the right-hand side of an access table does (access(5), "ACCEPT ACTIONS" and below). */
#ifndef SMTPD_POLICY_ACCESS_ACTION_H
#define SMTPD_POLICY_ACCESS_ACTION_H
#include "smtpd/policy/evaluation.h"

/* source: the table (or policy server) that says so, for log lines. action lives as long as the evaluation. */
enum decision access_action_apply(struct evaluation *evaluation, const char *source, const char *key, const char *action,
    const struct subject *subject);
/* The table failed. */
enum decision access_action_fail(struct evaluation *evaluation, const struct subject *subject);
#endif
