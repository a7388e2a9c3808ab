/* policy_flaws.h: what is wrong with restriction lists, found before a client meets it. */
#ifndef SMTPD_POLICY_POLICY_FLAWS_H
#define SMTPD_POLICY_POLICY_FLAWS_H
#include "smtpd/policy/policy.h"

/* title: the parameter or restriction class in which the flaw is. The same flaw may be told more than once. */
typedef void policy_flaws_found(void *context, const char *title, const char *text);

/* Calls found for each flaw. */
void policy_flaws(struct policy *policy, policy_flaws_found *found, void *context);
#endif
