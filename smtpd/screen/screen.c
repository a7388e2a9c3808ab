#include "smtpd/screen/screen.h"

#include <stdlib.h>
#include <uthash.h>

#include "smtpd/keywords.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* What the defaults say for "stress" (postconf -d); values that main.cf sets hold at all times. */
enum { STRESS_GREET_WAIT_S = 2, STRESS_COMMAND_TIME_LIMIT_S = 10 };
/* Percent of postscreen_pre_queue_limit at which stress begins and ends. */
enum { STRESS_BEGINS = 90, STRESS_ENDS = 70 };

struct screen_client {
    struct ip_address address;
    size_t count;
    UT_hash_handle hh;
};

static enum screen_action parse_action(const char *name, const char *value)
{
    static const char *const names[] = { [SCREEN_IGNORE] = "ignore", [SCREEN_ENFORCE] = "enforce", [SCREEN_DROP] = "drop" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (text_equal_nocase(names[i], value))
            return (enum screen_action)i;
    }
    log_fatal("bad %s value: %s", name, value);
}

static void read_actions(struct screen *screen)
{
    const struct config *config = screen->config;

    screen->denylist_action = parse_action("postscreen_denylist_action", config->postscreen_denylist_action);
    screen->actions[CHECK_PREGREET] = parse_action("postscreen_greet_action", config->postscreen_greet_action);
    screen->actions[CHECK_DNSBL] = parse_action("postscreen_dnsbl_action", config->postscreen_dnsbl_action);
    screen->actions[CHECK_PIPELINING] = parse_action("postscreen_pipelining_action", config->postscreen_pipelining_action);
    screen->actions[CHECK_NON_SMTP] =
        parse_action("postscreen_non_smtp_command_action", config->postscreen_non_smtp_command_action);
    screen->actions[CHECK_BARE_NEWLINE] =
        parse_action("postscreen_bare_newline_action", config->postscreen_bare_newline_action);
}

static void read_tests(struct screen *screen)
{
    const struct config *config = screen->config;
    const bool enabled[CHECK_COUNT] = { [CHECK_PREGREET] = config->postscreen_greet_banner[0] != '\0',
        [CHECK_DNSBL] = !dnsbl_is_empty(screen->dnsbl), [CHECK_PIPELINING] = config->postscreen_pipelining_enable,
        [CHECK_NON_SMTP] = config->postscreen_non_smtp_command_enable,
        [CHECK_BARE_NEWLINE] = config->postscreen_bare_newline_enable };

    for (int i = 0; i < CHECK_COUNT; i++)
        screen->enabled |= enabled[i] ? 1U << i : 0;
    screen->ttl_s[CHECK_PREGREET] = config->postscreen_greet_ttl;
    screen->ttl_s[CHECK_PIPELINING] = config->postscreen_pipelining_ttl;
    screen->ttl_s[CHECK_NON_SMTP] = config->postscreen_non_smtp_command_ttl;
    screen->ttl_s[CHECK_BARE_NEWLINE] = config->postscreen_bare_newline_ttl;
}

/* As smtpd does with its own parameters: levels that only clients have mean encrypt. */
static enum screen_tls read_tls_level(const struct config *config)
{
    const char *level = config->postscreen_tls_security_level;

    if (*level == '\0') {
        if (config->postscreen_enforce_tls)
            return SCREEN_TLS_ENCRYPT;
        return config->postscreen_use_tls ? SCREEN_TLS_MAY : SCREEN_TLS_NONE;
    }
    if (text_equal_nocase(level, "none"))
        return SCREEN_TLS_NONE;
    return text_equal_nocase(level, "may") ? SCREEN_TLS_MAY : SCREEN_TLS_ENCRYPT;
}

static void read_times(struct screen *screen)
{
    const struct config *config = screen->config;

    screen->greet_wait_s[0] = config->postscreen_greet_wait;
    screen->greet_wait_s[1] =
        config_is_set(config, "postscreen_greet_wait") ? config->postscreen_greet_wait : STRESS_GREET_WAIT_S;
    screen->command_time_limit_s[0] = config->postscreen_command_time_limit;
    screen->command_time_limit_s[1] = config_is_set(config, "postscreen_command_time_limit")
                                          ? config->postscreen_command_time_limit
                                          : STRESS_COMMAND_TIME_LIMIT_S;
}

void screen_open(struct screen *screen, const struct config *config, const char *smtpd_path, const char *dnsblog_path)
{
    *screen = (struct screen){ .config = config, .smtpd_path = smtpd_path, .footer = config->postscreen_reject_footer };
    screen->access = access_list_open(config);
    if (*config->postscreen_cache_map != '\0')
        screen->cache = cache_open(config);
    screen->dnsbl = dnsbl_open(config, dnsblog_path);
    screen->allowlist_interfaces =
        match_list_open(config, "postscreen_allowlist_interfaces", config->postscreen_allowlist_interfaces);
    screen->forbidden_commands =
        match_list_open(config, "postscreen_forbidden_commands", config->postscreen_forbidden_commands);
    screen->discard_keyword_maps = maps_open(config, "postscreen_discard_ehlo_keyword_address_maps",
        config->postscreen_discard_ehlo_keyword_address_maps, TABLE_FOLD);
    screen->footer_maps = maps_open(config, "postscreen_reject_footer_maps", config->postscreen_reject_footer_maps, 0);
    screen->command_filter = maps_open(config, "postscreen_command_filter", config->postscreen_command_filter, TABLE_EMPTY_VALUES);
    screen->discard_keywords = keywords_parse(config->postscreen_discard_ehlo_keywords);
    read_actions(screen);
    read_tests(screen);
    read_times(screen);
    screen->tls = read_tls_level(config);
    const char *proxy = config->postscreen_upstream_proxy_protocol;
    screen->use_haproxy = text_equal(proxy, "haproxy");
    if (proxy[0] != '\0' && !screen->use_haproxy)
        log_fatal("unsupported postscreen_upstream_proxy_protocol value: %s", proxy);
}

void screen_start(struct screen *screen, struct event_base *events)
{
    screen->events = events;
    if (screen->cache != NULL)
        cache_start(screen->cache, events);
    dnsbl_start(screen->dnsbl, events);
}

void screen_drop_cache(struct screen *screen)
{
    if (screen->cache != NULL)
        cache_close(screen->cache);
    screen->cache = NULL;
}

bool screen_tables_have_changed(struct screen *screen)
{
    return access_list_has_changed(screen->access) || dnsbl_has_changed(screen->dnsbl)
        || match_list_has_changed(screen->allowlist_interfaces) || match_list_has_changed(screen->forbidden_commands)
        || maps_have_changed(screen->discard_keyword_maps) || maps_have_changed(screen->footer_maps)
        || maps_have_changed(screen->command_filter);
}

void screen_close(struct screen *screen)
{
    access_list_close(screen->access);
    if (screen->cache != NULL)
        cache_close(screen->cache);
    dnsbl_close(screen->dnsbl);
    match_list_close(screen->allowlist_interfaces);
    match_list_close(screen->forbidden_commands);
    maps_close(screen->discard_keyword_maps);
    maps_close(screen->footer_maps);
    maps_close(screen->command_filter);
}

size_t screen_count_client(struct screen *screen, const struct ip_address *address, int change)
{
    struct screen_client *client;

    HASH_FIND(hh, screen->clients, address, sizeof(*address), client);
    if (change > 0) {
        if (client == NULL) {
            client = memory_new(struct screen_client);
            client->address = *address;
            HASH_ADD(hh, screen->clients, address, sizeof(client->address), client);
        }
        return ++client->count;
    }
    size_t left = client == NULL ? 0 : --client->count;
    if (client != NULL && left == 0) {
        HASH_DEL(screen->clients, client);
        free(client);
    }
    return left;
}

void screen_judge_stress(struct screen *screen)
{
    size_t limit = (size_t)screen->config->postscreen_pre_queue_limit;
    size_t count = screen->screening_count;

    if (!screen->is_stressed && count * 100 >= limit * STRESS_BEGINS) {
        log_info("entering STRESS mode with %zu connections", count);
        screen->is_stressed = true;
    } else if (screen->is_stressed && count * 100 <= limit * STRESS_ENDS) {
        log_info("leaving STRESS mode with %zu connections", count);
        screen->is_stressed = false;
    }
}
