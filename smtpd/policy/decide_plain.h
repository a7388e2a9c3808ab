/* decide_plain.h: what needs no look-up: the fixed answers, and what the session itself shows. */
#ifndef SMTPD_POLICY_DECIDE_PLAIN_H
#define SMTPD_POLICY_DECIDE_PLAIN_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_plain_permit(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_reject(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_defer(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_defer_if_permit(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_defer_if_reject(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_nothing(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_sleep(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_pipelining(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_bounce(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_plain_plaintext(struct evaluation *evaluation, const struct restriction *restriction);
#endif
