/* decide_dns_list.h: restrictions that ask DNS lists: reject_rbl_client, reject_rhsbl_*, permit_dnswl_client,
 * permit_rhswl_client. */
#ifndef SMTPD_POLICY_DECIDE_DNS_LIST_H
#define SMTPD_POLICY_DECIDE_DNS_LIST_H
#include "smtpd/policy/evaluation.h"

/* Rows of restriction_types.c. */
enum decision decide_dns_list_client(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_rhsbl_client(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_rhsbl_reverse_client(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_rhsbl_helo(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_rhsbl_sender(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_rhsbl_recipient(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_permit(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_permit_name(struct evaluation *evaluation, const struct restriction *restriction);
enum decision decide_dns_list_maps_rbl(struct evaluation *evaluation, const struct restriction *restriction);

/* Asks what the restriction at that index and those right behind it will ask, all at once. */
void decide_dns_list_ask(struct evaluation *evaluation, const struct restriction_list *list, size_t index);
#endif
