#include "smtpd/screen/dnsbl.h"

#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "smtpd/screen/asker.h"
#include "smtpd/screen/dnsbl_site.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/maps.h"

enum { CONNECTIONS_MAX = 100 };

struct dnsbl {
    const struct config *config;
    const char *path;
    struct arena *arena;
    struct dnsbl_site *sites;
    size_t site_count;
    struct maps *reply_map;
    struct event_base *events;
    struct asker *asker;
    struct dnsbl_inquiry *inquiries; /* by client */
};

struct dnsbl_listener {
    struct dnsbl_listener *prev;
    struct dnsbl_listener *next;
    struct dnsbl_inquiry *inquiry;
    void (*done)(void *context);
    void *context;
    bool is_told;
};

/* Lives as long as somebody listens or an answer is awaited. */
struct dnsbl_inquiry {
    struct dnsbl *dnsbl;
    struct ip_address client;
    struct dnsbl_listener *listeners;
    size_t pending; /* answers */
    size_t users;   /* functions that are at it */
    int64_t score;
    int64_t ttl_s;
    const struct dnsbl_site *blamed;
    struct event *event;
    UT_hash_handle hh;
};

/* An answer that is awaited. */
struct expected {
    struct dnsbl_inquiry *inquiry;
    const char *domain;
};

struct dnsbl *dnsbl_open(const struct config *config, const char *path)
{
    struct dnsbl *dnsbl = memory_new(struct dnsbl);
    struct str why = {0};

    dnsbl->config = config;
    dnsbl->path = path;
    dnsbl->arena = arena_new();
    if (!dnsbl_site_parse_list(config->postscreen_dnsbl_sites, dnsbl->arena, &dnsbl->sites, &dnsbl->site_count, &why))
        log_fatal("postscreen_dnsbl_sites: %s", str_text(&why));
    dnsbl->reply_map = maps_open(config, "postscreen_dnsbl_reply_map", config->postscreen_dnsbl_reply_map, TABLE_FOLD);
    str_free(&why);
    return dnsbl;
}

void dnsbl_start(struct dnsbl *dnsbl, struct event_base *events)
{
    dnsbl->events = events;
    dnsbl->asker = asker_open(events, dnsbl->path, CONNECTIONS_MAX, dnsbl->config->postscreen_dnsbl_timeout);
}

static void free_if_unused(struct dnsbl_inquiry *inquiry)
{
    if (inquiry->listeners != NULL || inquiry->pending > 0 || inquiry->users > 0)
        return;
    HASH_DEL(inquiry->dnsbl->inquiries, inquiry);
    event_free(inquiry->event);
    free(inquiry);
}

void dnsbl_close(struct dnsbl *dnsbl)
{
    struct dnsbl_inquiry *inquiry;
    struct dnsbl_inquiry *next;

    asker_close(dnsbl->asker);
    HASH_ITER(hh, dnsbl->inquiries, inquiry, next) {
        inquiry->pending = 0;
        free_if_unused(inquiry);
    }
    maps_close(dnsbl->reply_map);
    arena_free(dnsbl->arena);
    free(dnsbl);
}

bool dnsbl_is_empty(const struct dnsbl *dnsbl)
{
    return dnsbl->site_count == 0;
}

bool dnsbl_has_changed(struct dnsbl *dnsbl)
{
    return maps_have_changed(dnsbl->reply_map);
}

static bool is_listed(const struct dnsbl_site *site, const struct asker_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (dnsbl_site_matches(site, answer->addresses + i * 4))
            return true;
    }
    return false;
}

static void add_up(struct dnsbl_inquiry *inquiry, const char *domain, const struct asker_answer *answer)
{
    const struct dnsbl *dnsbl = inquiry->dnsbl;

    if (answer->ttl_s > 0 && answer->ttl_s < inquiry->ttl_s)
        inquiry->ttl_s = answer->ttl_s;
    for (size_t i = 0; i < dnsbl->site_count; i++) {
        const struct dnsbl_site *site = &dnsbl->sites[i];
        if (!text_equal_nocase(site->domain, domain) || !is_listed(site, answer))
            continue;
        inquiry->score += site->weight;
        if (site->weight > 0 && (inquiry->blamed == NULL || site->weight > inquiry->blamed->weight))
            inquiry->blamed = site;
    }
}

/* From the loop, not from inside whoever asked or answered. done may make its listener leave, and others of this client. */
static void on_complete(evutil_socket_t fd, short what, void *context)
{
    struct dnsbl_inquiry *inquiry = context;
    struct dnsbl_listener *listener;

    inquiry->users++;
    do {
        DL_SEARCH_SCALAR(inquiry->listeners, listener, is_told, false);
        if (listener != NULL) {
            listener->is_told = true;
            listener->done(listener->context);
        }
    } while (listener != NULL);
    inquiry->users--;
    free_if_unused(inquiry);
}

static void on_answer(void *context, const struct asker_answer *answer)
{
    struct expected *expected = context;
    struct dnsbl_inquiry *inquiry = expected->inquiry;

    add_up(inquiry, expected->domain, answer);
    free(expected);
    if (--inquiry->pending == 0)
        event_active(inquiry->event, EV_TIMEOUT, 0);
}

/* Whether an earlier site asks the same list with another filter. */
static bool is_repeated(const struct dnsbl *dnsbl, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (text_equal_nocase(dnsbl->sites[i].domain, dnsbl->sites[at].domain))
            return true;
    }
    return false;
}

static struct dnsbl_inquiry *begin(struct dnsbl *dnsbl, const struct ip_address *client)
{
    struct dnsbl_inquiry *inquiry = memory_new(struct dnsbl_inquiry);
    struct str address = {0};

    inquiry->dnsbl = dnsbl;
    inquiry->client = *client;
    inquiry->ttl_s = INT64_MAX;
    inquiry->event = evtimer_new(dnsbl->events, on_complete, inquiry);
    if (inquiry->event == NULL)
        log_fatal("no event: %m");
    HASH_ADD(hh, dnsbl->inquiries, client, sizeof(inquiry->client), inquiry);
    ip_address_put(client, &address);
    inquiry->pending = 1; /* stays while questions are asked */
    for (size_t i = 0; i < dnsbl->site_count; i++) {
        if (is_repeated(dnsbl, i))
            continue;
        struct expected *expected = memory_new(struct expected);
        *expected = (struct expected){ inquiry, dnsbl->sites[i].domain };
        inquiry->pending++;
        asker_ask(dnsbl->asker, dnsbl->sites[i].domain, str_text(&address), on_answer, expected);
    }
    inquiry->pending--;
    str_free(&address);
    return inquiry;
}

struct dnsbl_listener *dnsbl_join(struct dnsbl *dnsbl, const struct ip_address *client, void (*done)(void *context),
    void *context)
{
    struct dnsbl_listener *listener = memory_new(struct dnsbl_listener);
    struct dnsbl_inquiry *inquiry;

    HASH_FIND(hh, dnsbl->inquiries, client, sizeof(*client), inquiry);
    if (inquiry == NULL)
        inquiry = begin(dnsbl, client);
    *listener = (struct dnsbl_listener){ .inquiry = inquiry, .done = done, .context = context };
    DL_APPEND(inquiry->listeners, listener);
    if (inquiry->pending == 0)
        event_active(inquiry->event, EV_TIMEOUT, 0);
    return listener;
}

void dnsbl_leave(struct dnsbl_listener *listener)
{
    if (listener == NULL)
        return;
    struct dnsbl_inquiry *inquiry = listener->inquiry;
    DL_DELETE(inquiry->listeners, listener);
    free(listener);
    free_if_unused(inquiry);
}

bool dnsbl_is_complete(const struct dnsbl_listener *listener)
{
    return listener->inquiry->pending == 0;
}

int64_t dnsbl_score(const struct dnsbl_listener *listener)
{
    return listener->inquiry->score;
}

void dnsbl_put_blamed(const struct dnsbl_listener *listener, struct str *out)
{
    const struct dnsbl_inquiry *inquiry = listener->inquiry;
    struct str shown = {0};

    if (inquiry->blamed != NULL
        && maps_find(inquiry->dnsbl->reply_map, inquiry->blamed->domain, &shown, NULL) != TABLE_FOUND)
        str_set(&shown, inquiry->blamed->domain);
    str_put(out, str_text(&shown));
    str_free(&shown);
}

int64_t dnsbl_ttl_s(const struct dnsbl_listener *listener)
{
    const struct config *config = listener->inquiry->dnsbl->config;
    int64_t ttl_s = listener->inquiry->ttl_s;

    if (ttl_s > config->postscreen_dnsbl_max_ttl)
        ttl_s = config->postscreen_dnsbl_max_ttl;
    return ttl_s < config->postscreen_dnsbl_min_ttl ? config->postscreen_dnsbl_min_ttl : ttl_s;
}
