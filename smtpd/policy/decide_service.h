/* decide_service.h: check_policy_service: somebody else decides (SMTPD_POLICY_README). */
#ifndef SMTPD_POLICY_DECIDE_SERVICE_H
#define SMTPD_POLICY_DECIDE_SERVICE_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_service(struct evaluation *evaluation, const struct restriction *restriction);
#endif
