/* decide_sasl.h: restrictions about who is logged in, and whose sender address it is (smtpd_sender_login_maps). */
#ifndef SMTPD_POLICY_DECIDE_SASL_H
#define SMTPD_POLICY_DECIDE_SASL_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_sasl_permit(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_sasl_access(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_sasl_mismatch(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_sasl_mismatch_authenticated(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_sasl_mismatch_stranger(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_sasl_mismatch_known(struct evaluation *evaluation, const struct restriction *restriction);

/* policy_login_owns. */
enum table_result decide_sasl_owns(struct policy *policy, const char *login, const char *address);
#endif
