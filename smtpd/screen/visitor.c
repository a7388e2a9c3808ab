#include "smtpd/screen/visitor.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "qmgr/client/delivery_log.h"
#include "smtpd/footer.h"
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

void visitor_refuse(struct visitor *visitor, struct verdict refusal)
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
        visitor_refuse(visitor, refusal);
        return false;
    case SCREEN_DROP:
        checks_fail(&visitor->checks, check, true);
        return true;
    }
    return false;
}

/* --- the end --- */

void visitor_release(struct visitor *visitor)
{
    struct screen *screen = visitor->screen;

    if (visitor->is_counted) {
        (void)screen_count_client(screen, &visitor->peer.address, -1); /* nobody asks how many are left */
        screen->visitor_count--;
        screen->screening_count--;
        screen_judge_stress(screen);
    }
    dnsbl_leave(visitor->dnsbl);
    if (visitor->dialogue != NULL)
        visitor->stop_dialogue(visitor->dialogue);
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
    visitor_release(visitor);
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
