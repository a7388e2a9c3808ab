/* decide_relay.h: whether this machine is responsible for the recipient's domain. */
#ifndef SMTPD_POLICY_DECIDE_RELAY_H
#define SMTPD_POLICY_DECIDE_RELAY_H
#include "smtpd/policy/evaluation.h"

/* Whether mail for the recipient, if there is one, may come from anybody. */
bool decide_relay_is_safe(struct evaluation *evaluation);

/* Rows of restriction_types.c. */
enum decision decide_relay_permit(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_relay_reject(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_relay_defer(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_relay_check(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_relay_mx_backup(struct evaluation *evaluation, const struct restriction *restriction);
#endif
