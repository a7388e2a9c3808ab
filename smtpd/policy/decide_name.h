/* decide_name.h: names: the HELO argument, sender and recipient domains: syntax, and whether DNS knows them. */
#ifndef SMTPD_POLICY_DECIDE_NAME_H
#define SMTPD_POLICY_DECIDE_NAME_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_name_naked(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_name_invalid_helo(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_name_non_fqdn_helo(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_name_unknown_helo(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_name_non_fqdn_sender(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_name_non_fqdn_recipient(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_name_unknown_sender(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_name_unknown_recipient(struct evaluation *evaluation, const struct restriction *restriction);
#endif
