/* screen.h: what all connections of postscreen share: the process's one state. */
#ifndef SMTPD_SCREEN_SCREEN_H
#define SMTPD_SCREEN_SCREEN_H
#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtpd/screen/access_list.h"
#include "smtpd/screen/cache.h"
#include "smtpd/screen/checks.h"
#include "smtpd/screen/dnsbl.h"
#include "util/config/config.h"
#include "util/table/maps.h"
#include "util/table/match_list.h"

/* Whether STARTTLS is offered, or demanded. */
enum screen_tls { SCREEN_TLS_NONE, SCREEN_TLS_MAY, SCREEN_TLS_ENCRYPT };

/* What a failed test leads to. */
enum screen_action { SCREEN_IGNORE, SCREEN_ENFORCE, SCREEN_DROP };

struct visitor;
struct screen_client;

struct screen {
    const struct config *config;
    struct event_base *events;
    struct access_list *access;
    struct cache *cache;             /* NULL once the process is about to end: a successor has it */
    struct dnsbl *dnsbl;
    struct match_list *allowlist_interfaces;
    struct match_list *forbidden_commands;
    struct maps *discard_keyword_maps;
    struct maps *footer_maps;
    struct maps *command_filter;
    const char *smtpd_path;          /* where connections are handed over */
    const char *tlsproxy_path;
    const char *footer;
    unsigned discard_keywords;       /* KEYWORD_* of smtpd/keywords.h */
    unsigned enabled;                /* tests: bits of checks.h */
    enum screen_tls tls;
    enum screen_action denylist_action;
    enum screen_action actions[CHECK_COUNT];
    int64_t ttl_s[CHECK_COUNT];      /* not of CHECK_DNSBL: the answers tell */
    int64_t greet_wait_s[2];         /* [1]: under stress */
    int64_t command_time_limit_s[2];
    bool use_haproxy;

    struct screen_client *clients;   /* number of connections by address */
    size_t visitor_count;            /* all connections */
    size_t screening_count;          /* those under test */
    size_t handover_count;           /* those that smtpd hasn't taken yet */
    bool is_stressed;
};

/* Before confinement. smtpd_path, dnsblog_path: sockets. */
void screen_open(struct screen *screen, const struct config *config, const char *smtpd_path, const char *dnsblog_path);
void screen_start(struct screen *screen, struct event_base *events);
/* Whether a table was replaced since: a new process is to take over. */
bool screen_tables_have_changed(struct screen *screen);
/* Writes the cache out and does without it. */
void screen_drop_cache(struct screen *screen);
void screen_close(struct screen *screen);

/* One more or less connection of that client; how many there are now. */
size_t screen_count_client(struct screen *screen, const struct ip_address *address, int change);
/* Begins or ends stress mode, as the number of connections under test says. */
void screen_judge_stress(struct screen *screen);
#endif
