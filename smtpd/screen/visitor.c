#include "smtpd/screen/visitor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "qmgr/client/delivery_log.h"
#include "smtpd/footer.h"
#include "smtpd/screen/dialogue.h"
#include "smtpd/screen/early_tests.h"
#include "smtpd/screen/handover.h"
#include "smtpd/screen/proxy_header.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

/* --- replies --- */

bool visitor_send(struct visitor *visitor, const char *text, size_t length)
{
    return send(visitor->fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

static const char *find_name(void *context, const char *name)
{
    const struct visitor *visitor = context;

    if (text_equal(name, "client_address"))
        return visitor->address;
    if (text_equal(name, "client_port")) {
        const char *colon = strrchr(visitor->name, ':');
        return colon == NULL ? "" : colon + 1;
    }
    return NULL;
}

/* A table may have another footer for just this reply. */
static void put_footer(struct visitor *visitor, const struct verdict *verdict, struct str *text)
{
    struct screen *screen = visitor->screen;
    struct footer footer = { .config = screen->config, .text = screen->footer,
        .filter = screen->config->postscreen_expansion_filter, .find = find_name, .context = visitor };
    struct str key = {0};
    struct str own = {0};

    if (!maps_is_empty(screen->footer_maps)) {
        str_printf(&key, "%d %s%s%s", verdict->code, verdict->status, verdict->status[0] == '\0' ? "" : " ", verdict->text);
        if (maps_find(screen->footer_maps, str_text(&key), &own, NULL) == TABLE_FOUND)
            footer.text = str_text(&own);
    }
    if (text_starts_with(footer.filter, "$")) {
        const char *filter = config_value(screen->config, footer.filter + 1);
        footer.filter = filter == NULL ? "" : filter;
    }
    footer_put(&footer, text);
    str_free(&key);
    str_free(&own);
}

bool visitor_reply(struct visitor *visitor, struct verdict verdict)
{
    struct str text = {0};
    struct str out = {0};

    if (visitor->screen->config->soft_bounce && verdict.code >= 500) {
        verdict.code -= 100;
        if (verdict.status[0] == '5')
            verdict.status[0] = '4';
    }
    str_set(&text, verdict.text);
    if (verdict.code >= 400)
        put_footer(visitor, &verdict, &text);
    const char *line = str_text(&text);
    for (bool last = false; !last;) {
        size_t length = strcspn(line, "\n");
        last = line[length] == '\0';
        str_printf(&out, "%d%c%s%s", verdict.code, last ? ' ' : '-', verdict.status, verdict.status[0] == '\0' ? "" : " ");
        text_put_printable(&out, line, length, '?', true);
        str_put(&out, "\r\n");
        line += length + 1;
    }
    bool sent = visitor_send(visitor, str_text(&out), out.length);
    str_free(&text);
    str_free(&out);
    return sent;
}

/* --- tests --- */

void visitor_pass(struct visitor *visitor, enum check check)
{
    checks_pass(&visitor->checks, check, (int64_t)time(NULL) + visitor->screen->ttl_s[check]);
}

static void refuse(struct visitor *visitor, struct verdict refusal)
{
    char *text = memory_copy_text(refusal.text);

    free((char *)(uintptr_t)visitor->refusal.text);
    visitor->refusal = refusal;
    visitor->refusal.text = text;
}

bool visitor_fail(struct visitor *visitor, enum check check, struct verdict refusal)
{
    bool is_early = (CHECK_EARLY_BITS & (1U << check)) != 0;

    switch (visitor->screen->actions[check]) {
    case SCREEN_IGNORE:
        if (is_early)
            checks_fail(&visitor->checks, check, false); /* once more next time */
        else
            visitor_pass(visitor, check);
        return false;
    case SCREEN_ENFORCE:
        checks_fail(&visitor->checks, check, true);
        refuse(visitor, refusal);
        return false;
    case SCREEN_DROP:
        checks_fail(&visitor->checks, check, true);
        return true;
    }
    return false;
}

/* --- the end --- */

static void release(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;

    if (visitor->is_counted) {
        (void)screen_count_client(screen, &visitor->peer.address, -1); /* nobody asks how many are left */
        screen->visitor_count--;
        screen->screening_count--;
        screen_judge_stress(screen);
    }
    dnsbl_leave(visitor->dnsbl);
    dialogue_free(visitor->dialogue);
    if (visitor->io != NULL)
        event_free(visitor->io);
    if (visitor->timer != NULL)
        event_free(visitor->timer);
    fd_close(&visitor->fd);
    free((char *)(uintptr_t)visitor->refusal.text);
    free(visitor);
}

void visitor_settle(struct visitor *visitor)
{
    struct cache *cache = visitor->screen->cache;
    struct str entry = {0};

    if (visitor->has_pass_vetoed || visitor->is_denied)
        return;
    bool is_done = checks_are_done(&visitor->checks);
    bool is_worth = checks_are_worth_keeping(&visitor->checks);
    if (is_done)
        log_info("PASS %s %s",
            visitor->checks.is_known || (cache != NULL && cache_find(cache, visitor->address, &entry)) ? "OLD" : "NEW",
            visitor->name);
    if (is_worth && cache != NULL) {
        str_clear(&entry);
        checks_put(&visitor->checks, &entry);
        cache_put(cache, visitor->address, str_text(&entry));
    }
    str_free(&entry);
}

void visitor_end(struct visitor *visitor)
{
    log_info("DISCONNECT %s", visitor->name);
    release(visitor);
}

void visitor_hang_up(struct visitor *visitor)
{
    struct str delay = {0};

    delivery_log_put_delay(&delay, (clock_monotonic_ms() - visitor->started_ms) * 1000, 2);
    log_info("HANGUP after %s from %s in tests %s SMTP handshake", str_text(&delay), visitor->name,
        visitor->dialogue == NULL ? "before" : "after");
    str_free(&delay);
    visitor_settle(visitor);
    visitor_end(visitor);
}

static void send_away(struct visitor *visitor, struct verdict verdict)
{
    (void)visitor_reply(visitor, verdict); /* it may be gone already */
    visitor_end(visitor);
}

/* --- arrival --- */

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
    release(visitor);
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
        refuse(visitor, refusal);
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

void visitor_arrive(struct screen *screen, int fd)
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
        release(visitor);
        return;
    }
    if (screen->use_haproxy)
        proxy_header_start(visitor, begin, release);
    else
        begin(visitor);
}
