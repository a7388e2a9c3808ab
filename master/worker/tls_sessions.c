#include "master/worker/tls_sessions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "master/worker/tlsmgr_messages.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/net/tls_seal.h"

enum { TIMEOUT_S = 5, CONNECT_MS = 2000, PAUSE_MS = 30000 };

struct tls_sessions {
    const char *cache;
    const char *service;
    const char *path;
    const unsigned char *secret;
    uint32_t log_level;
    struct ipc_channel *channel; /* NULL: not connected */
    int64_t next_try_ms;         /* after a failure */
};

struct tls_sessions *tls_sessions_open(struct worker *worker, const char *cache, int log_level)
{
    struct tls_sessions *sessions = memory_new(struct tls_sessions);
    struct str relative = {0};

    str_printf(&relative, "private/%s", worker_config(worker)->tlsmgr_service_name);
    *sessions = (struct tls_sessions){ .cache = cache, .service = worker_service(worker), .secret = worker_secret(worker),
        .path = worker_socket_path(worker, str_text(&relative)), .log_level = (uint32_t)log_level };
    str_free(&relative);
    return sessions;
}

void tls_sessions_close(struct tls_sessions *sessions)
{
    if (sessions != NULL)
        ipc_close(sessions->channel);
    free(sessions);
}

static void disconnect(struct tls_sessions *sessions)
{
    ipc_close(sessions->channel);
    sessions->channel = NULL;
}

/* Without the cache every handshake is a full one: no reason to keep anybody waiting. */
static bool give_up(struct tls_sessions *sessions, const char *why)
{
    log_warning("problem talking to service %s: %s", sessions->path, why);
    disconnect(sessions);
    sessions->next_try_ms = clock_monotonic_ms() + PAUSE_MS;
    return false;
}

static bool connect_if_needed(struct tls_sessions *sessions)
{
    if (sessions->channel != NULL)
        return true;
    if (clock_monotonic_ms() < sessions->next_try_ms)
        return false;
    int fd = fd_connect_unix(sessions->path, CONNECT_MS);
    if (fd < 0)
        return give_up(sessions, strerror(errno));
    sessions->channel = ipc_open(fd);
    return true;
}

static bool ask(struct tls_sessions *sessions, const struct tlsmgr_find *question, struct tlsmgr_session *answer)
{
    int64_t deadline_ms = clock_deadline_s(TIMEOUT_S);
    unsigned type;

    tlsmgr_find_send(sessions->channel, question);
    return ipc_flush(sessions->channel, deadline_ms) && ipc_receive(sessions->channel, &type, deadline_ms)
        && type == tlsmgr_session_type && tlsmgr_session_decode(sessions->channel, answer);
}

static void put_name(const struct tls_sessions *sessions, const char *name, struct str *out)
{
    str_printf(out, "%s&s=%s&l=%lu", name, sessions->service, OpenSSL_version_num());
}

static bool find(void *context, const char *name, struct str *session)
{
    struct tls_sessions *sessions = context;
    struct tlsmgr_session answer;
    struct str full = {0};
    bool found = false;

    put_name(sessions, name, &full);
    const struct tlsmgr_find question = { .cache = sessions->cache, .name = str_text(&full), .log_level = sessions->log_level };
    bool was_open = sessions->channel != NULL;
    if (connect_if_needed(sessions)) {
        bool answered = ask(sessions, &question, &answer);
        if (!answered && was_open) { /* it may have been replaced */
            disconnect(sessions);
            answered = connect_if_needed(sessions) && ask(sessions, &question, &answer);
        }
        if (answered)
            found = tls_seal_open(sessions->secret, str_text(&full), answer.session.data, answer.session.length, session);
        else if (sessions->channel != NULL)
            (void)give_up(sessions, ipc_error(sessions->channel)); /* nothing was found */
    }
    str_free(&full);
    return found;
}

static bool has_gone(struct tls_sessions *sessions)
{
    return sessions->channel != NULL && !ipc_flush(sessions->channel, clock_deadline_s(TIMEOUT_S));
}

static void put(void *context, const char *name, const void *bytes, size_t length)
{
    struct tls_sessions *sessions = context;
    struct str full = {0};
    struct str sealed = {0};

    put_name(sessions, name, &full);
    if (length > 0 && length < TLSMGR_SESSION_BYTES_MAX && full.length < TLSMGR_NAME_BYTES_MAX
        && tls_seal_close(sessions->secret, str_text(&full), bytes, length, &sealed) && connect_if_needed(sessions)) {
        tlsmgr_put_send(sessions->channel, &(struct tlsmgr_put){ .cache = sessions->cache, .name = str_text(&full),
            .session = { sealed.data, sealed.length }, .log_level = sessions->log_level });
        if (has_gone(sessions))
            disconnect(sessions); /* this one isn't kept */
    }
    str_free(&full);
    str_free(&sealed);
}

static void forget(void *context, const char *name)
{
    struct tls_sessions *sessions = context;
    struct str full = {0};

    put_name(sessions, name, &full);
    if (connect_if_needed(sessions)) {
        tlsmgr_remove_send(sessions->channel, &(struct tlsmgr_remove){ .cache = sessions->cache, .name = str_text(&full),
            .log_level = sessions->log_level });
        if (has_gone(sessions))
            disconnect(sessions); /* its time will be over some day */
    }
    str_free(&full);
}

const struct tls_store tls_sessions_store = { find, put, forget };
