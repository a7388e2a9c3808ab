/* tlsmgr.c: keeps TLS sessions for all servers and clients (tlsmgr(8)). What they put there is sealed: nothing in here, and nothing
 * in its files, is of use to anybody but them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utlist.h>

#include "master/tlsmgr/session_cache.h"
#include "master/worker/tlsmgr_messages.h"
#include "master/worker/worker.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { CACHES = 3, ASKERS_MAX = 10000 };

struct asker;

struct manager {
    struct worker *worker;
    struct session_cache *caches[CACHES]; /* NULL: not configured */
    struct asker *askers;
    size_t asker_count;
    struct str session;
};

/* A connection. */
struct asker {
    struct manager *manager;
    struct ipc_channel *channel;
    struct event *readable;
    struct asker *prev, *next;
};

static void asker_free(struct asker *asker)
{
    DL_DELETE(asker->manager->askers, asker);
    asker->manager->asker_count--;
    event_free(asker->readable);
    ipc_close(asker->channel);
    free(asker);
}

static struct session_cache *find_cache(const struct manager *manager, const char *name)
{
    for (size_t i = 0; i < CACHES; i++) {
        if (manager->caches[i] != NULL && text_equal(session_cache_name(manager->caches[i]), name))
            return manager->caches[i];
    }
    return NULL;
}

static bool is_key(const char *name)
{
    size_t length = strnlen(name, TLSMGR_NAME_BYTES_MAX);

    return length > 0 && length < TLSMGR_NAME_BYTES_MAX;
}

static bool take_find(struct asker *asker)
{
    struct manager *manager = asker->manager;
    struct tlsmgr_find question;
    struct ipc_bytes found = { "", 0 };

    if (!tlsmgr_find_decode(asker->channel, &question) || !is_key(question.name))
        return false;
    if (question.log_level >= 2)
        log_info("lookup %s session id=%s", question.cache, question.name);
    struct session_cache *cache = find_cache(manager, question.cache);
    if (cache != NULL && session_cache_find(cache, question.name, (int64_t)time(NULL), &manager->session))
        found = (struct ipc_bytes){ manager->session.data, manager->session.length };
    tlsmgr_session_send(asker->channel, &(struct tlsmgr_session){ .session = found });
    return true;
}

static bool take_put(struct asker *asker)
{
    struct tlsmgr_put put;

    if (!tlsmgr_put_decode(asker->channel, &put) || !is_key(put.name) || put.session.length == 0
        || put.session.length > 2 * TLSMGR_SESSION_BYTES_MAX)
        return false;
    if (put.log_level >= 2)
        log_info("put %s session id=%s [data %zu bytes]", put.cache, put.name, put.session.length);
    struct session_cache *cache = find_cache(asker->manager, put.cache);
    if (cache != NULL)
        session_cache_put(cache, put.name, (int64_t)time(NULL), put.session);
    return true;
}

static bool take_remove(struct asker *asker)
{
    struct tlsmgr_remove request;

    if (!tlsmgr_remove_decode(asker->channel, &request) || !is_key(request.name))
        return false;
    if (request.log_level >= 2)
        log_info("delete %s session id=%s", request.cache, request.name);
    struct session_cache *cache = find_cache(asker->manager, request.cache);
    if (cache != NULL)
        session_cache_remove(cache, request.name);
    return true;
}

static bool take(struct asker *asker, unsigned type)
{
    if (type == tlsmgr_find_type)
        return take_find(asker);
    if (type == tlsmgr_put_type)
        return take_put(asker);
    return type == tlsmgr_remove_type && take_remove(asker);
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct asker *asker = context;
    unsigned type;
    bool good = ipc_feed(asker->channel);
    bool more = false;

    while (ipc_next(asker->channel, &type)) {
        if (!take(asker, type)) {
            good = false;
            break;
        }
    }
    /* Whoever doesn't take its answers is dropped. */
    if (!good || ipc_failed(asker->channel) || !ipc_drain(asker->channel, &more) || more)
        asker_free(asker);
}

static void on_connect(void *context, int fd, int listener_index)
{
    struct manager *manager = context;
    struct asker *asker = memory_new(struct asker);

    fd_set_nonblocking(fd, true);
    asker->manager = manager;
    asker->channel = ipc_open(fd);
    asker->readable = event_new(worker_events(manager->worker), fd, EV_READ | EV_PERSIST, on_readable, asker);
    if (asker->readable == NULL || event_add(asker->readable, NULL) != 0)
        memory_exhausted();
    DL_APPEND(manager->askers, asker);
    if (++manager->asker_count > ASKERS_MAX)
        asker_free(manager->askers); /* the oldest; it connects anew when it needs to */
}

static void open_caches(struct manager *manager)
{
    const struct config *config = worker_config(manager->worker);
    const struct {
        const char *name;
        const char *table;
        int64_t timeout_s;
    } wanted[CACHES] = {
        { "smtpd", config->smtpd_tls_session_cache_database, config->smtpd_tls_session_cache_timeout },
        { "smtp", config->smtp_tls_session_cache_database, config->smtp_tls_session_cache_timeout },
        { "lmtp", config->lmtp_tls_session_cache_database, config->lmtp_tls_session_cache_timeout },
    };

    for (size_t i = 0; i < CACHES; i++) {
        if (*wanted[i].table != '\0' && wanted[i].timeout_s > 0)
            manager->caches[i] = session_cache_open(config, wanted[i].name, wanted[i].table, wanted[i].timeout_s);
    }
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "tlsmgr");
    struct manager manager = { .worker = worker };

    open_caches(&manager);
    worker_confine(worker, CONFINE_TABLES);
    for (size_t i = 0; i < CACHES; i++) {
        if (manager.caches[i] != NULL)
            session_cache_start(manager.caches[i], worker_events(worker));
    }
    worker_serve_many(worker, on_connect, &manager);
    for (size_t i = 0; i < CACHES; i++)
        session_cache_close(manager.caches[i]);
    str_free(&manager.session);
    return worker_stop(worker);
}
