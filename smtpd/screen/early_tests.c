#include "smtpd/screen/early_tests.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>

#include "qmgr/client/delivery_log.h"
#include "util/base/clock.h"
#include "util/base/escape.h"
#include "util/log/log.h"

enum { SHOWN_BYTES = 100, DELAY_DIGITS = 2 };

static bool is_enabled(const struct visitor *visitor, enum check check)
{
    return (visitor->screen->enabled & (1U << check)) != 0;
}

static void stop_waiting(struct visitor *visitor)
{
    if (visitor->io != NULL)
        event_free(visitor->io);
    if (visitor->timer != NULL)
        event_free(visitor->timer);
    visitor->io = visitor->timer = NULL;
}

/* The lists vouch for it: no more tests. */
static bool is_vouched_for(const struct visitor *visitor)
{
    int64_t threshold = visitor->screen->config->postscreen_dnsbl_allowlist_threshold;

    return visitor->dnsbl != NULL && threshold < 0 && dnsbl_score(visitor->dnsbl) <= threshold;
}

/* Whether the connection ended. */
static bool judge_lists(struct visitor *visitor)
{
    const struct config *config = visitor->screen->config;
    int64_t now = (int64_t)time(NULL);
    struct str blamed = {0};
    struct str text = {0};

    if (visitor->dnsbl == NULL)
        return false;
    if (is_vouched_for(visitor)) {
        for (int i = 0; i < CHECK_COUNT; i++)
            checks_pass(&visitor->checks, (enum check)i, now + dnsbl_ttl_s(visitor->dnsbl));
        return false;
    }
    int64_t score = dnsbl_score(visitor->dnsbl);
    if (score < config->postscreen_dnsbl_threshold) {
        /* Lists that haven't answered count for the least time only. */
        checks_pass(&visitor->checks, CHECK_DNSBL,
            now + (dnsbl_is_complete(visitor->dnsbl) ? dnsbl_ttl_s(visitor->dnsbl) : config->postscreen_dnsbl_min_ttl));
        return false;
    }
    log_info("DNSBL rank %lld for %s", (long long)score, visitor->name);
    dnsbl_put_blamed(visitor->dnsbl, &blamed);
    str_printf(&text, "Service unavailable; client [%s] blocked using %s", visitor->address, str_text(&blamed));
    struct verdict refusal = VERDICT(550, "5.7.1", str_text(&text));
    bool ends = visitor_fail(visitor, CHECK_DNSBL, refusal);
    if (ends) {
        refusal.code = 521;
        (void)visitor_reply(visitor, refusal); /* it ends anyway */
    }
    str_free(&blamed);
    str_free(&text);
    return ends;
}

static void finish(struct visitor *visitor)
{
    stop_waiting(visitor);
    if (!visitor->has_spoken && is_enabled(visitor, CHECK_PREGREET))
        visitor_pass(visitor, CHECK_PREGREET);
    bool ends = judge_lists(visitor);
    dnsbl_leave(visitor->dnsbl);
    visitor->dnsbl = NULL;
    if (ends)
        visitor_end(visitor);
    else
        visitor->after_early_tests(visitor);
}

static void on_time(evutil_socket_t fd, short what, void *context)
{
    finish(context);
}

/* All lists have answered. Who has spoken already, or is vouched for, needn't wait. */
static void on_lists(void *context)
{
    struct visitor *visitor = context;

    if (visitor->has_spoken || is_vouched_for(visitor))
        finish(visitor);
}

static void log_early_words(const struct visitor *visitor, const char *bytes, size_t shown)
{
    struct str delay = {0};
    struct str text = {0};
    int pending = 0;

    if (ioctl(visitor->fd, FIONREAD, &pending) != 0)
        pending = (int)shown;
    delivery_log_put_delay(&delay, (clock_monotonic_ms() - visitor->started_ms) * 1000, DELAY_DIGITS);
    escape_put(&text, bytes, shown);
    log_info("PREGREET %d after %s from %s: %s", pending, str_text(&delay), visitor->name, str_text(&text));
    str_free(&delay);
    str_free(&text);
}

/* Something is there to read. It is left there: smtpd, or our own dialogue, will want it. */
static void on_input(evutil_socket_t fd, short what, void *context)
{
    struct visitor *visitor = context;
    struct verdict refusal = VERDICT(550, "5.5.1", "Protocol error");
    char bytes[SHOWN_BYTES];

    ssize_t count = recv(visitor->fd, bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    if (count <= 0) {
        visitor_hang_up(visitor);
        return;
    }
    log_early_words(visitor, bytes, (size_t)count);
    visitor->has_spoken = true;
    if (visitor_fail(visitor, CHECK_PREGREET, refusal)) {
        refusal.code = 521;
        (void)visitor_reply(visitor, refusal); /* it ends anyway */
        visitor_end(visitor);
    } else if (visitor->dnsbl == NULL || dnsbl_is_complete(visitor->dnsbl)) {
        finish(visitor);
    }
}

static void wait_for_words(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;
    struct timeval limit = { .tv_sec = screen->greet_wait_s[screen->is_stressed] };

    visitor->timer = evtimer_new(screen->events, on_time, visitor);
    visitor->io = event_new(screen->events, visitor->fd, EV_READ, on_input, visitor);
    if (visitor->timer == NULL || visitor->io == NULL || event_add(visitor->timer, &limit) != 0
        || (is_enabled(visitor, CHECK_PREGREET) && event_add(visitor->io, NULL) != 0))
        log_fatal("no event: %m");
}

void early_tests_start(struct visitor *visitor, void (*done)(struct visitor *visitor))
{
    struct screen *screen = visitor->screen;
    struct str teaser = {0};

    visitor->started_ms = clock_monotonic_ms();
    visitor->after_early_tests = done;
    if (is_enabled(visitor, CHECK_PREGREET)) {
        str_printf(&teaser, "220-%s\r\n", screen->config->postscreen_greet_banner);
        bool sent = visitor_send(visitor, str_text(&teaser), teaser.length);
        str_free(&teaser);
        if (!sent) {
            visitor_hang_up(visitor);
            return;
        }
    }
    if (is_enabled(visitor, CHECK_DNSBL))
        visitor->dnsbl = dnsbl_join(screen->dnsbl, &visitor->peer.address, on_lists, visitor);
    wait_for_words(visitor);
}
