#include "util/table/table_proxy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utlist.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/table/proxymap_messages.h"

enum {
    CONNECT_TIMEOUT_S = 30, /* all processes of the service may be busy */
    ANSWER_TIMEOUT_S = 130, /* longer than the service's own patience with a server */
    IDLE_MS = 900,          /* the service hangs up after a second */
    TRIES = 2,
};

/* The connection to one service; shared by all tables of the process. */
struct proxy_link {
    struct proxy_link *next;
    char *path;
    size_t relative;             /* where that begins in it: below queue_directory */
    unsigned users;
    struct ipc_channel *channel; /* NULL: none */
    pid_t owner;                 /* a child must not speak on its parent's connection */
    int64_t used_ms;
};

static struct proxy_link *links; /* of this process */

struct proxy {
    struct proxy_link *link;
    const char *service; /* "proxymap"; borrowed from the configuration */
    char *table;
    unsigned flags;
    bool quiet;          /* who asks says himself what went wrong */
};

bool table_proxy_is_asked(const char *type_name, unsigned flags)
{
    static const char *const local[] = { "btree", "cdb", "cidr", "dbm", "environ", "fail", "hash", "inline", "internal", "lmdb",
        "nis", "pcre", "regexp", "static", "texthash", "unix" };
    size_t length = strcspn(type_name, ":");

    if (flags & (TABLE_WRITE | TABLE_PROXY))
        return true;
    for (size_t i = 0; i < COUNT_OF(local); i++) {
        if (strlen(local[i]) == length && memcmp(local[i], type_name, length) == 0)
            return false;
    }
    return true;
}

/* --- the connection --- */

static struct proxy_link *link_open(const struct config *config, const char *service)
{
    struct proxy_link *link;
    struct str path = {0};

    str_printf(&path, "%s/private/%s", config->queue_directory, service);
    LL_FOREACH (links, link) {
        if (text_equal(link->path, str_text(&path)))
            break;
    }
    if (link == NULL) {
        link = memory_new(struct proxy_link);
        link->path = str_take(&path);
        link->relative = strlen(config->queue_directory) + 1;
        LL_PREPEND(links, link);
    }
    str_free(&path);
    link->users++;
    return link;
}

static void link_drop(struct proxy_link *link)
{
    ipc_close(link->channel);
    link->channel = NULL;
}

static void link_close(struct proxy_link *link)
{
    if (--link->users > 0)
        return;
    link_drop(link);
    LL_DELETE(links, link);
    free(link->path);
    free(link);
}

/* The queue directory is the root, or the working directory, where its path isn't in reach. */
static int link_connect(const struct proxy_link *link)
{
    int fd = fd_connect_unix(link->path, CONNECT_TIMEOUT_S * 1000);

    if (fd < 0 && (errno == ENOENT || errno == EACCES)) {
        int error = errno;
        fd = fd_connect_unix(link->path + link->relative, CONNECT_TIMEOUT_S * 1000);
        errno = fd < 0 ? error : errno;
    }
    return fd;
}

/* False: errno. *fresh: made just now. */
static bool link_ready(struct proxy_link *link, bool *fresh)
{
    if (link->channel != NULL && (link->owner != getpid() || clock_monotonic_ms() - link->used_ms >= IDLE_MS))
        link_drop(link);
    *fresh = link->channel == NULL;
    if (!*fresh)
        return true;
    int fd = link_connect(link);
    if (fd < 0)
        return false;
    link->channel = ipc_open(fd);
    link->owner = getpid();
    return true;
}

/* --- questions --- */

static void *proxy_open(const struct table_request *request)
{
    struct proxy *proxy = memory_new(struct proxy);
    bool writes = request->flags & TABLE_WRITE;

    proxy->service = writes ? request->config->proxywrite_service_name : request->config->proxymap_service_name;
    proxy->link = link_open(request->config, proxy->service);
    proxy->table = memory_copy_text(request->name);
    proxy->quiet = request->flags & TABLE_QUIET;
    proxy->flags = request->flags & (TABLE_FOLD | TABLE_NO_SUBSTITUTION | TABLE_UTF8 | TABLE_SUBSTRING_KEYS);
    return proxy;
}

static void proxy_close(void *data)
{
    struct proxy *proxy = data;

    link_close(proxy->link);
    free(proxy->table);
    free(proxy);
}

static bool exchange(struct proxy_link *link, const struct proxymap_question *question, struct proxymap_answer *answer)
{
    int64_t deadline = clock_deadline_s(ANSWER_TIMEOUT_S);
    unsigned type;

    proxymap_question_send(link->channel, question);
    if (!ipc_flush(link->channel, deadline) || !ipc_receive(link->channel, &type, deadline)
        || type != proxymap_answer_type || !proxymap_answer_decode(link->channel, answer)
        || answer->result >= PROXYMAP_RESULTS)
        return false;
    link->used_ms = clock_monotonic_ms();
    return true;
}

/* The service may have hung up just now: that is no error. PROXYMAP_FAILED with *value. */
static enum proxymap_result ask_for_entry(struct proxy *proxy, enum proxymap_action action, const char *key, const char *given,
    struct str *found_key, struct str *value)
{
    struct proxymap_question question = { .action = action, .table = proxy->table, .flags = proxy->flags, .key = key,
        .value = given };
    struct proxymap_answer answer;
    bool fresh = false;

    for (int try = 0; try < TRIES && !fresh; try++) {
        if (!link_ready(proxy->link, &fresh)) {
            str_printf(value, "connect to %s service: %s", proxy->service, strerror(errno));
            return PROXYMAP_FAILED;
        }
        if (exchange(proxy->link, &question, &answer)) {
            if (found_key != NULL)
                str_set(found_key, answer.key);
            str_set(value, answer.value);
            return answer.result;
        }
        link_drop(proxy->link);
    }
    str_printf(value, "problem talking to service %s", proxy->service);
    return PROXYMAP_FAILED;
}

static enum proxymap_result ask(struct proxy *proxy, enum proxymap_action action, const char *key, const char *given,
    struct str *value)
{
    return ask_for_entry(proxy, action, key, given, NULL, value);
}

static void put_denied(const struct proxy *proxy, struct str *why)
{
    str_clear(why);
    str_printf(why, "%s service is not configured for table \"%s\"", proxy->service, proxy->table);
}

static enum table_result proxy_find(void *data, const char *key, struct str *value)
{
    struct proxy *proxy = data;

    switch (ask(proxy, PROXYMAP_FIND, key, "", value)) {
    case PROXYMAP_FOUND:
        return TABLE_FOUND;
    case PROXYMAP_ABSENT:
        return TABLE_ABSENT;
    case PROXYMAP_DENIED:
        put_denied(proxy, value);
        break;
    default:
        break;
    }
    if (!proxy->quiet)
        log_warning("table proxy:%s lookup error: %s", proxy->table, str_text(value));
    return TABLE_FAILED;
}

static enum table_put_result proxy_put(void *data, const char *key, const char *given, bool replace, struct str *why)
{
    struct proxy *proxy = data;

    switch (ask(proxy, replace ? PROXYMAP_PUT : PROXYMAP_PUT_NEW, key, given, why)) {
    case PROXYMAP_FOUND:
        return TABLE_PUT_DONE;
    case PROXYMAP_DUPLICATE:
        return TABLE_PUT_DUPLICATE;
    case PROXYMAP_DENIED:
        put_denied(proxy, why);
        return TABLE_PUT_FAILED;
    default:
        return TABLE_PUT_FAILED;
    }
}

static enum table_result proxy_remove(void *data, const char *key, struct str *why)
{
    struct proxy *proxy = data;

    switch (ask(proxy, PROXYMAP_REMOVE, key, "", why)) {
    case PROXYMAP_FOUND:
        return TABLE_FOUND;
    case PROXYMAP_ABSENT:
        return TABLE_ABSENT;
    case PROXYMAP_DENIED:
        put_denied(proxy, why);
        return TABLE_FAILED;
    default:
        return TABLE_FAILED;
    }
}

static enum table_result proxy_next(void *data, bool first, struct str *key, struct str *value)
{
    struct proxy *proxy = data;

    switch (ask_for_entry(proxy, first ? PROXYMAP_FIRST : PROXYMAP_NEXT, "", "", key, value)) {
    case PROXYMAP_FOUND:
        return TABLE_FOUND;
    case PROXYMAP_ABSENT:
        return TABLE_ABSENT;
    case PROXYMAP_DENIED:
        put_denied(proxy, value);
        return TABLE_FAILED;
    default:
        return TABLE_FAILED;
    }
}

/* Those that must see whole keys. */
static bool proxy_is_fixed(const void *data)
{
    static const char *const whole[] = { "cidr:", "pcre:", "pipemap:", "randmap:", "regexp:", "socketmap:", "static:", "tcp:",
        "unionmap:" };
    const struct proxy *proxy = data;

    for (size_t i = 0; i < COUNT_OF(whole); i++) {
        if (text_starts_with(proxy->table, whole[i]))
            return false;
    }
    return true;
}

/* Keys are folded by the service, which knows the type. */
const struct table_type table_proxy = {
    .name = "proxy", .suffix = "", .may_wait = true, .writable = true, .open = proxy_open, .close = proxy_close,
    .find = proxy_find, .put = proxy_put, .remove = proxy_remove, .next = proxy_next, .is_fixed = proxy_is_fixed,
};
