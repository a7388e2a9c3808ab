#include "smtpd/screen/arrival.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "smtpd/screen/dialogue.h"
#include "smtpd/screen/early_tests.h"
#include "smtpd/screen/handover.h"
#include "smtpd/screen/proxy_header.h"
#include "smtpd/screen/visitor.h"
#include "util/base/memory.h"
#include "util/log/log.h"

static void send_away(struct visitor *visitor, struct verdict verdict)
{
    (void)visitor_reply(visitor, verdict); /* it may be gone already */
    visitor_end(visitor);
}

/* To smtpd, without a goodbye. */
static void hand_over(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;

    if (screen->handover_count >= (size_t)screen->config->postscreen_post_queue_limit) {
        log_info("reject: connect from %s: all server ports busy", visitor->name);
        send_away(visitor, VERDICT(421, "4.3.2", "All server ports are busy"));
        return;
    }
    handover_start(screen, visitor->fd, &visitor->peer, &visitor->local);
    visitor->fd = -1;
    visitor_release(visitor);
}

/* The tests before the greeting are over. */
static void after_early_tests(struct visitor *visitor)
{
    unsigned deep = visitor->checks.todo & CHECK_DEEP_BITS & ~visitor->checks.passed;

    if (visitor->has_pass_vetoed || visitor->refusal.code != 0 || deep != 0) {
        dialogue_start(visitor);
        return;
    }
    visitor_settle(visitor);
    hand_over(visitor);
}

/* True: it is answered for good. */
static bool judge_by_access_list(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;
    bool polite = screen->config->respectful_logging;
    struct verdict refusal = VERDICT(550, "5.3.2", "Service currently unavailable");

    switch (access_list_find(screen->access, visitor->address)) {
    case ACCESS_LIST_DUNNO:
        return false;
    case ACCESS_LIST_PERMIT:
        log_info("%s %s", polite ? "ALLOWLISTED" : "WHITELISTED", visitor->name);
        hand_over(visitor);
        return true;
    case ACCESS_LIST_REJECT:
        break;
    }
    log_info("%s %s", polite ? "DENYLISTED" : "BLACKLISTED", visitor->name);
    visitor->is_denied = screen->denylist_action != SCREEN_IGNORE;
    switch (screen->denylist_action) {
    case SCREEN_IGNORE:
        break;
    case SCREEN_ENFORCE:
        visitor_refuse(visitor, refusal);
        break;
    case SCREEN_DROP:
        refusal.code = 521;
        send_away(visitor, refusal);
        return true;
    }
    return false;
}

/* True: an earlier visit did what is to be done. */
static bool judge_by_cache(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;
    struct str entry = {0};
    bool found = screen->cache != NULL && cache_find(screen->cache, visitor->address, &entry);

    if (!checks_start(&visitor->checks, found ? str_text(&entry) : NULL, screen->enabled, (int64_t)time(NULL)))
        log_warning("%s: unexpected cache entry for %s: %.100s", screen->config->postscreen_cache_map, visitor->address,
            str_text(&entry));
    str_free(&entry);
    return visitor->checks.todo == 0 && !visitor->is_denied;
}

static void judge(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;
    struct str own = {0};

    if (judge_by_access_list(visitor))
        return;
    if (judge_by_cache(visitor)) {
        if (screen->enabled != 0)
            log_info("PASS OLD %s", visitor->name);
        hand_over(visitor);
        return;
    }
    if (screen->screening_count >= (size_t)screen->config->postscreen_pre_queue_limit) {
        log_info("reject: connect from %s: all screening ports busy", visitor->name);
        send_away(visitor, VERDICT(421, "4.3.2", "All screening ports are busy"));
        return;
    }
    ip_address_put(&visitor->local.address, &own);
    visitor->has_pass_vetoed = match_list_client(screen->allowlist_interfaces, "", str_text(&own)) != TABLE_FOUND;
    str_free(&own);
    if (visitor->has_pass_vetoed)
        log_info("%s VETO %s", screen->config->respectful_logging ? "ALLOWLIST" : "WHITELIST", visitor->name);
    if ((visitor->checks.todo & CHECK_EARLY_BITS) || visitor->has_pass_vetoed || visitor->is_denied)
        early_tests_start(visitor, after_early_tests);
    else
        after_early_tests(visitor);
}

static void put_name(const struct pass_end *end, char *address, size_t address_size, char *name, size_t name_size)
{
    struct str text = {0};

    ip_address_put(&end->address, &text);
    (void)snprintf(address, address_size, "%s", str_text(&text)); /* an address fits */
    (void)snprintf(name, name_size, "[%s]:%u", str_text(&text), end->port); /* likewise */
    str_free(&text);
}

/* Both ends are known: the connection begins. */
static void begin(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;
    char own_address[48];
    char own_name[VISITOR_NAME_BYTES];
    size_t limit = (size_t)screen->config->postscreen_client_connection_count_limit;

    put_name(&visitor->peer, visitor->address, sizeof(visitor->address), visitor->name, sizeof(visitor->name));
    put_name(&visitor->local, own_address, sizeof(own_address), own_name, sizeof(own_name));
    log_info("CONNECT from %s to %s", visitor->name, own_name);
    visitor->is_counted = true;
    screen->visitor_count++;
    screen->screening_count++;
    size_t count = screen_count_client(screen, &visitor->peer.address, 1);
    if (limit > 0 && count > limit) {
        log_info("NOQUEUE: reject: CONNECT from %s: too many connections", visitor->name);
        send_away(visitor, VERDICT(421, "4.7.0", "Error: too many connections"));
        return;
    }
    screen_judge_stress(screen);
    judge(visitor);
}

static bool take_end(struct pass_end *end, const struct sockaddr_storage *address)
{
    memset(end, 0, sizeof(*end)); /* it is compared as a whole */
    if (!ip_address_from_socket((const struct sockaddr *)address, &end->address))
        return false;
    /* The port lies at the same place for both families. */
    end->port = ntohs(((const struct sockaddr_in *)address)->sin_port);
    return true;
}

void arrival_start(struct screen *screen, int fd)
{
    struct sockaddr_storage peer;
    struct sockaddr_storage local;
    socklen_t peer_length = sizeof(peer);
    socklen_t local_length = sizeof(local);
    struct visitor *visitor = memory_new(struct visitor);

    visitor->screen = screen;
    visitor->fd = fd;
    /* A client that is gone again has no address any more. */
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_length) != 0
        || getsockname(fd, (struct sockaddr *)&local, &local_length) != 0 || !take_end(&visitor->peer, &peer)
        || !take_end(&visitor->local, &local)) {
        if (errno != ENOTCONN)
            log_warning("connection from an unknown kind of address: %m");
        visitor_release(visitor);
        return;
    }
    if (screen->use_haproxy)
        proxy_header_start(visitor, begin, visitor_release);
    else
        begin(visitor);
}
