/* decide_verify.h: reject_unverified_sender and reject_unverified_recipient: whether a probe could deliver mail to an address
 * (ADDRESS_VERIFICATION_README). */
#ifndef SMTPD_POLICY_DECIDE_VERIFY_H
#define SMTPD_POLICY_DECIDE_VERIFY_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_verify_sender(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_verify_recipient(struct evaluation *evaluation, const struct restriction *restriction);
#endif
