/* service_parts.h: what one smtpd process opens once and all its sessions use. */
#ifndef SMTPD_SERVICE_PARTS_H
#define SMTPD_SERVICE_PARTS_H
#include "qmgr/intake/intake.h"
#include "qmgr/route/route.h"
#include "smtpd/policy/policy.h"
#include "submission/auth/auth.h"
#include "util/config/config.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"

struct encryption;
struct hold_limits;
struct stream_transport;
struct limits;

struct service {
    const struct config *config;
    struct router *router;
    struct policy *policy;
    struct intake *intake;
    const struct stream_transport *transport; /* NULL: clients are sockets */
    struct encryption *encryption; /* NULL: no TLS; who opens the service sets it */
    struct auth_service *auth; /* NULL: smtpd_sasl_auth_enable is off */
    struct match_list *auth_exceptions;
    struct hold_limits *hold_limits;
    struct maps *discard_keyword_maps;
    struct maps *command_filter;
    struct maps *footers;        /* smtpd_reject_footer_maps */
    struct maps *reject_filter;
    struct limits *limits;
    struct match_list *debug_peers;   /* debug_peer_list */
    struct match_list *flush_domains; /* fast_flush_domains */
    struct match_list *mynetworks;
    struct match_list *forbidden_commands;
    struct match_list *noop_commands;
    struct match_list *bare_newline_exclusions;
    struct match_list *local_rewrite_clients; /* tables of local_header_rewrite_clients; NULL when it names none */
    struct match_list *xclient_hosts;
    struct match_list *xforward_hosts;
    struct match_list *verp_clients;
    struct maps *milter_maps;
    bool no_milters;                          /* receive_override_options */
    unsigned discard_keywords;                /* KEYWORD_* withheld from everybody */
};
#endif
