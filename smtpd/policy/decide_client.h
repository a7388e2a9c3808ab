/* decide_client.h: what the client's address and host name say. */
#ifndef SMTPD_POLICY_DECIDE_CLIENT_H
#define SMTPD_POLICY_DECIDE_CLIENT_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_client_mynetworks(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_client_own(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_client_unknown(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_client_unknown_reverse(struct evaluation *evaluation, const struct restriction *restriction);
#endif
