#include "smtpd/policy/restriction_types.h"

#include "smtpd/policy/decide_access.h"
#include "smtpd/policy/decide_certificate.h"
#include "smtpd/policy/decide_client.h"
#include "smtpd/policy/decide_dns_list.h"
#include "smtpd/policy/decide_known.h"
#include "smtpd/policy/decide_name.h"
#include "smtpd/policy/decide_plain.h"
#include "smtpd/policy/decide_relay.h"
#include "smtpd/policy/decide_sasl.h"
#include "smtpd/policy/decide_service.h"
#include "smtpd/policy/decide_verify.h"
#include "util/base/memory.h"
#include "util/base/text.h"

#define ENDS RESTRICTION_ENDS_LIST
#define STOPS RESTRICTION_STOPS_RELAY
#define REMOVED(name, instead) \
    "support for restriction \"" name "\" will be removed from Postfix; use \"" instead "\" instead"

static const struct restriction_type types[] = {
    /* name                               argument       flags         decides                        deprecated */
    { "permit",                           ARGUMENT_NONE, ENDS,         decide_plain_permit,           NULL },
    { "reject",                           ARGUMENT_NONE, ENDS | STOPS, decide_plain_reject,           NULL },
    { "defer",                            ARGUMENT_NONE, ENDS | STOPS, decide_plain_defer,            NULL },
    { "defer_if_permit",                  ARGUMENT_NONE, STOPS,        decide_plain_defer_if_permit,  NULL },
    { "defer_if_reject",                  ARGUMENT_NONE, 0,            decide_plain_defer_if_reject,  NULL },
    { "warn_if_reject",                   ARGUMENT_NONE, RESTRICTION_MODIFIER, decide_plain_nothing,  NULL },
    { "sleep",                            ARGUMENT_NUMBER, 0,          decide_plain_sleep,            NULL },
    { "reject_unauth_pipelining",         ARGUMENT_NONE, 0,            decide_plain_pipelining,       NULL },
    { "reject_multi_recipient_bounce",    ARGUMENT_NONE, 0,            decide_plain_bounce,           NULL },
    { "reject_plaintext_session",         ARGUMENT_NONE, 0,            decide_plain_plaintext,        NULL },
    { "permit_sasl_authenticated",        ARGUMENT_NONE, 0,            decide_sasl_permit,            NULL },
    { "permit_tls_clientcerts",           ARGUMENT_NONE, 0,            decide_certificate_listed,     NULL },
    { "permit_tls_all_clientcerts",       ARGUMENT_NONE, 0,            decide_certificate_trusted,    NULL },

    { "permit_mynetworks",                ARGUMENT_NONE, 0,            decide_client_mynetworks,      NULL },
    { "permit_inet_interfaces",           ARGUMENT_NONE, 0,            decide_client_own,             NULL },
    { "reject_unknown_client_hostname",   ARGUMENT_NONE, 0,            decide_client_unknown,         NULL },
    { "reject_unknown_client",            ARGUMENT_NONE, 0,            decide_client_unknown,         NULL },
    { "reject_unknown_reverse_client_hostname", ARGUMENT_NONE, 0,      decide_client_unknown_reverse, NULL },

    { "permit_naked_ip_address",          ARGUMENT_NONE, 0,            decide_name_naked,
      "restriction permit_naked_ip_address is deprecated. Use permit_mynetworks or permit_sasl_authenticated instead" },
    { "reject_invalid_helo_hostname",     ARGUMENT_NONE, 0,            decide_name_invalid_helo,      NULL },
    { "reject_invalid_hostname",          ARGUMENT_NONE, 0,            decide_name_invalid_helo,      NULL },
    { "reject_non_fqdn_helo_hostname",    ARGUMENT_NONE, 0,            decide_name_non_fqdn_helo,     NULL },
    { "reject_non_fqdn_hostname",         ARGUMENT_NONE, 0,            decide_name_non_fqdn_helo,     NULL },
    { "reject_unknown_helo_hostname",     ARGUMENT_NONE, 0,            decide_name_unknown_helo,      NULL },
    { "reject_unknown_hostname",          ARGUMENT_NONE, 0,            decide_name_unknown_helo,      NULL },
    { "reject_non_fqdn_sender",           ARGUMENT_NONE, 0,            decide_name_non_fqdn_sender,   NULL },
    { "reject_non_fqdn_recipient",        ARGUMENT_NONE, 0,            decide_name_non_fqdn_recipient, NULL },
    { "reject_unknown_sender_domain",     ARGUMENT_NONE, 0,            decide_name_unknown_sender,    NULL },
    { "reject_unknown_address",           ARGUMENT_NONE, 0,            decide_name_unknown_sender,    NULL },
    { "reject_unknown_recipient_domain",  ARGUMENT_NONE, 0,            decide_name_unknown_recipient, NULL },

    { "permit_auth_destination",          ARGUMENT_NONE, 0,            decide_relay_permit,           NULL },
    { "reject_unauth_destination",        ARGUMENT_NONE, STOPS,        decide_relay_reject,           NULL },
    { "defer_unauth_destination",         ARGUMENT_NONE, STOPS,        decide_relay_defer,            NULL },
    { "check_relay_domains",              ARGUMENT_NONE, ENDS | STOPS | RESTRICTION_OF_RECIPIENT, decide_relay_check,
      REMOVED("check_relay_domains", "reject_unauth_destination") },
    { "permit_mx_backup",                 ARGUMENT_NONE, 0,            decide_relay_mx_backup,        NULL },

    { "reject_unlisted_recipient",        ARGUMENT_NONE, 0,            decide_known_recipient,        NULL },
    { "check_recipient_maps",             ARGUMENT_NONE, 0,            decide_known_recipient,        NULL },
    { "reject_unlisted_sender",           ARGUMENT_NONE, 0,            decide_known_sender,           NULL },

    { "check_client_access",              ARGUMENT_TABLE, 0,           decide_access_client,          NULL },
    { "check_client_a_access",            ARGUMENT_TABLE, 0,           decide_access_client_a,        NULL },
    { "check_client_mx_access",           ARGUMENT_TABLE, 0,           decide_access_client_mx,       NULL },
    { "check_client_ns_access",           ARGUMENT_TABLE, 0,           decide_access_client_ns,       NULL },
    { "check_reverse_client_hostname_access", ARGUMENT_TABLE, 0,       decide_access_reverse,         NULL },
    { "check_reverse_client_hostname_a_access", ARGUMENT_TABLE, 0,     decide_access_reverse_a,       NULL },
    { "check_reverse_client_hostname_mx_access", ARGUMENT_TABLE, 0,    decide_access_reverse_mx,      NULL },
    { "check_reverse_client_hostname_ns_access", ARGUMENT_TABLE, 0,    decide_access_reverse_ns,      NULL },
    { "check_helo_access",                ARGUMENT_TABLE, 0,           decide_access_helo,            NULL },
    { "check_helo_a_access",              ARGUMENT_TABLE, 0,           decide_access_helo_a,          NULL },
    { "check_helo_mx_access",             ARGUMENT_TABLE, 0,           decide_access_helo_mx,         NULL },
    { "check_helo_ns_access",             ARGUMENT_TABLE, 0,           decide_access_helo_ns,         NULL },
    { "check_sender_access",              ARGUMENT_TABLE, 0,           decide_access_sender,          NULL },
    { "check_sender_a_access",            ARGUMENT_TABLE, 0,           decide_access_sender_a,        NULL },
    { "check_sender_mx_access",           ARGUMENT_TABLE, 0,           decide_access_sender_mx,       NULL },
    { "check_sender_ns_access",           ARGUMENT_TABLE, 0,           decide_access_sender_ns,       NULL },
    { "check_recipient_access",           ARGUMENT_TABLE, 0,           decide_access_recipient,       NULL },
    { "check_recipient_a_access",         ARGUMENT_TABLE, 0,           decide_access_recipient_a,     NULL },
    { "check_recipient_mx_access",        ARGUMENT_TABLE, 0,           decide_access_recipient_mx,    NULL },
    { "check_recipient_ns_access",        ARGUMENT_TABLE, 0,           decide_access_recipient_ns,    NULL },
    { "check_etrn_access",                ARGUMENT_TABLE, 0,           decide_access_etrn,            NULL },

    /* What needs services that this program doesn't talk to: reached, they are a configuration error, or permit nothing. */
    { "reject_rbl_client",                ARGUMENT_DOMAIN, 0,          decide_dns_list_client,      NULL },
    { "reject_rbl",                       ARGUMENT_DOMAIN, 0,          decide_dns_list_client,      NULL },
    { "reject_rhsbl_client",              ARGUMENT_DOMAIN, 0,          decide_dns_list_rhsbl_client,      NULL },
    { "reject_rhsbl_reverse_client",      ARGUMENT_DOMAIN, 0,          decide_dns_list_rhsbl_reverse_client,      NULL },
    { "reject_rhsbl_helo",                ARGUMENT_DOMAIN, 0,          decide_dns_list_rhsbl_helo,      NULL },
    { "reject_rhsbl_sender",              ARGUMENT_DOMAIN, 0,          decide_dns_list_rhsbl_sender,      NULL },
    { "reject_rhsbl_recipient",           ARGUMENT_DOMAIN, 0,          decide_dns_list_rhsbl_recipient,      NULL },
    { "permit_dnswl_client",              ARGUMENT_DOMAIN, 0,          decide_dns_list_permit,            NULL },
    { "permit_rhswl_client",              ARGUMENT_DOMAIN, 0,          decide_dns_list_permit_name,            NULL },
    { "reject_maps_rbl",                  ARGUMENT_NONE, 0,            decide_dns_list_maps_rbl,
      REMOVED("reject_maps_rbl", "reject_rbl_client domain-name") },
    { "check_policy_service",             ARGUMENT_SERVICE, 0,         decide_service,      NULL },
    { "reject_unverified_recipient",      ARGUMENT_NONE, 0,            decide_verify_recipient,      NULL },
    { "reject_unverified_sender",         ARGUMENT_NONE, 0,            decide_verify_sender,      NULL },
    { "check_sasl_access",                ARGUMENT_TABLE, 0,           decide_sasl_access,            NULL },
    { "check_ccert_access",               ARGUMENT_ORDERED_TABLE, 0,           decide_access_certificate,     NULL },
    { "reject_sender_login_mismatch",     ARGUMENT_NONE, 0,            decide_sasl_mismatch, NULL },
    { "reject_authenticated_sender_login_mismatch", ARGUMENT_NONE, 0,  decide_sasl_mismatch_authenticated, NULL },
    { "reject_known_sender_login_mismatch", ARGUMENT_NONE, 0,          decide_sasl_mismatch_known, NULL },
    { "reject_unauthenticated_sender_login_mismatch", ARGUMENT_NONE, 0, decide_sasl_mismatch_stranger, NULL },
};

const struct restriction_type *restriction_types_find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (text_equal_nocase(types[i].name, name))
            return &types[i];
    }
    return NULL;
}
