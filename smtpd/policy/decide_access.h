/* decide_access.h: check_*_access: which keys are looked up, in which order (access(5)). */
#ifndef SMTPD_POLICY_DECIDE_ACCESS_H
#define SMTPD_POLICY_DECIDE_ACCESS_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_access_client(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_client_a(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_client_mx(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_client_ns(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_reverse(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_reverse_a(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_reverse_mx(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_reverse_ns(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_certificate(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_helo(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_helo_a(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_helo_mx(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_helo_ns(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_sender(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_sender_a(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_sender_mx(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_sender_ns(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_recipient(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_recipient_a(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_recipient_mx(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_recipient_ns(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_login(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_access_etrn(struct evaluation *evaluation, const struct restriction *restriction);
#endif
