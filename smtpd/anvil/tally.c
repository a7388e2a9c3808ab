#include "smtpd/anvil/tally.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/log/log.h"

enum { CLIENTS_MAX = 500000, PEAKS = ANVIL_KINDS + 1 };

struct tally_client {
    UT_hash_handle hh;
    uint32_t connections;
    uint32_t rates[ANVIL_KINDS];
    int64_t since_ms; /* when the present time unit began */
    char name[];      /* "smtp:192.0.2.1" */
};

struct peak {
    uint32_t value;
    char *name;
    time_t when;
};

struct tally {
    int64_t unit_s;
    struct tally_client *clients;
    struct peak peaks[PEAKS]; /* of rates, then of connections */
    uint32_t size_peak;
    time_t size_when;
    struct str key;
};

struct tally *tally_new(int64_t rate_unit_s)
{
    struct tally *tally = memory_new(struct tally);

    tally->unit_s = rate_unit_s;
    return tally;
}

void tally_free(struct tally *tally)
{
    struct tally_client *client;
    struct tally_client *next;

    if (tally == NULL)
        return;
    HASH_ITER(hh, tally->clients, client, next) {
        HASH_DEL(tally->clients, client);
        free(client);
    }
    for (size_t i = 0; i < PEAKS; i++)
        free(tally->peaks[i].name);
    str_free(&tally->key);
    free(tally);
}

struct tally_client *tally_find(struct tally *tally, const char *service, const char *client)
{
    struct tally_client *found;

    str_clear(&tally->key);
    str_printf(&tally->key, "%s:%s", service, client);
    HASH_FIND(hh, tally->clients, str_text(&tally->key), tally->key.length, found);
    return found;
}

/* One that has no connection open; who sweeps is the timer. */
static void forget_oldest(struct tally *tally)
{
    struct tally_client *client = tally->clients;

    while (client != NULL && client->connections > 0)
        client = client->hh.next;
    if (client != NULL) {
        HASH_DEL(tally->clients, client);
        free(client);
    }
}

static struct tally_client *find_or_make(struct tally *tally, const char *service, const char *name, int64_t now_ms)
{
    struct tally_client *client = tally_find(tally, service, name);
    size_t length = tally->key.length;

    if (client != NULL)
        return client;
    if (HASH_COUNT(tally->clients) >= CLIENTS_MAX)
        forget_oldest(tally);
    client = memory_zeroed(1, sizeof(*client) + length + 1);
    memcpy(client->name, str_text(&tally->key), length + 1);
    client->since_ms = now_ms;
    HASH_ADD(hh, tally->clients, name, length, client);
    if (HASH_COUNT(tally->clients) > tally->size_peak) {
        tally->size_peak = HASH_COUNT(tally->clients);
        tally->size_when = time(NULL);
    }
    return client;
}

static void note_peak(struct tally *tally, size_t which, uint32_t value, const char *name)
{
    struct peak *peak = &tally->peaks[which];

    if (value <= peak->value)
        return;
    peak->value = value;
    peak->when = time(NULL);
    free(peak->name);
    peak->name = memory_copy_text(name);
}

struct tally_client *tally_count(struct tally *tally, unsigned kind, const char *service, const char *name, int64_t now_ms,
    struct anvil_counts *counts)
{
    struct tally_client *client = find_or_make(tally, service, name, now_ms);

    if (now_ms - client->since_ms > tally->unit_s * 1000) {
        memset(client->rates, 0, sizeof(client->rates));
        client->since_ms = now_ms;
    }
    if (client->rates[kind] < UINT32_MAX)
        client->rates[kind]++;
    note_peak(tally, kind, client->rates[kind], client->name);
    if (kind == ANVIL_CONNECT) {
        client->connections++;
        note_peak(tally, ANVIL_KINDS, client->connections, client->name);
    }
    *counts = (struct anvil_counts){ .connections = client->connections, .rate = client->rates[kind] };
    return client;
}

void tally_disconnect(struct tally *tally, struct tally_client *client)
{
    if (client->connections > 0)
        client->connections--;
}

void tally_sweep(struct tally *tally, int64_t now_ms)
{
    struct tally_client *client;
    struct tally_client *next;

    HASH_ITER(hh, tally->clients, client, next) {
        if (client->connections == 0 && now_ms - client->since_ms > tally->unit_s * 1000) {
            HASH_DEL(tally->clients, client);
            free(client);
        }
    }
}

static const char *date_text(time_t when, char text[32])
{
    struct tm parts;

    text[0] = '\0';
    if (localtime_r(&when, &parts) != NULL)
        (void)strftime(text, 32, "%b %d %H:%M:%S", &parts); /* else it stays empty */
    return text;
}

static void log_peak(struct tally *tally, size_t which, const char *what)
{
    struct peak *peak = &tally->peaks[which];
    char date[32];

    if (peak->value == 0)
        return;
    if (which == ANVIL_KINDS)
        log_info("statistics: max %s %u for (%s) at %s", what, (unsigned)peak->value, peak->name, date_text(peak->when, date));
    else
        log_info("statistics: max %s %u/%llds for (%s) at %s", what, (unsigned)peak->value, (long long)tally->unit_s,
            peak->name, date_text(peak->when, date));
    peak->value = 0;
}

void tally_log(struct tally *tally)
{
    char date[32];

    log_peak(tally, ANVIL_CONNECT, "connection rate");
    log_peak(tally, ANVIL_KINDS, "connection count");
    log_peak(tally, ANVIL_MAIL, "message rate");
    log_peak(tally, ANVIL_RCPT, "recipient rate");
    log_peak(tally, ANVIL_TLS, "newtls rate");
    log_peak(tally, ANVIL_AUTH, "auth rate");
    if (tally->size_peak > 0)
        log_info("statistics: max cache size %u at %s", (unsigned)tally->size_peak, date_text(tally->size_when, date));
    tally->size_peak = 0;
}
