/* service.h: what one smtpd process opens once and all its sessions use. */
#ifndef SMTPD_SERVICE_H
#define SMTPD_SERVICE_H
#include "qmgr/intake/intake.h"
#include "qmgr/route/route.h"
#include "smtpd/policy/policy.h"
#include "submission/auth/auth.h"
#include "util/config/config.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"

/* EHLO keywords that can be withheld (smtpd_discard_ehlo_keywords). */
enum {
    KEYWORD_PIPELINING = 1,
    KEYWORD_SIZE = 2,
    KEYWORD_VRFY = 4,
    KEYWORD_ETRN = 8,
    KEYWORD_ENHANCEDSTATUSCODES = 16,
    KEYWORD_8BITMIME = 32,
    KEYWORD_DSN = 64,
    KEYWORD_SMTPUTF8 = 128,
    KEYWORD_CHUNKING = 256,
    KEYWORD_STARTTLS = 512,
    KEYWORD_AUTH = 1024,
    KEYWORD_XCLIENT = 4096,
    KEYWORD_XFORWARD = 8192,
    KEYWORD_XVERP = 32768,
    KEYWORD_LIMITS = 16384,
    KEYWORD_SILENT_DISCARD = 2048, /* don't log what was withheld */
};

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
    unsigned discard_keywords;                /* for everybody */
};

/* intake is borrowed. rewrite: as the rewrite service of master.cf sees the configuration. auth_socket: where smtpd_sasl_path
 * lies for this process; anvil_socket: private/anvil. */
void service_open(struct service *service, const struct config *config, const struct config *rewrite,
    struct intake *intake, const char *auth_socket, const char *anvil_socket);
void service_close(struct service *service);
/* Whether a table changed behind our back: time to start anew. */
bool service_has_changed(struct service *service);

/* KEYWORD_* of a list of names; unknown ones are warned of. */
unsigned service_parse_keywords(const char *list);
/* Appends their names. */
void service_put_keywords(unsigned bits, struct str *out);
#endif
