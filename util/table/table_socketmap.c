#include "util/table/table_socketmap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/socketmap_reply.h"
#include "util/table/table_link.h"

enum { TRIES = 2 }; /* a server may have closed an idle connection just now */

struct socketmap {
    struct table_link *link;
    char *name;     /* "inet:host:port:name" */
    char *endpoint; /* "host:port" or a path, for the log */
    const char *map; /* the last part of name */
};

static void socketmap_close(void *data)
{
    struct socketmap *map = data;

    table_link_close(map->link);
    free(map->name);
    free(map->endpoint);
    free(map);
}

static bool is_known_transport(const char *server)
{
    return text_starts_with(server, "inet:") || text_starts_with(server, "unix:") || text_starts_with(server, "local:");
}

static void *socketmap_open(const struct table_request *request)
{
    const char *colon = strrchr(request->name, ':');

    if (colon == NULL) {
        str_printf(request->why, "%s requires server:socketmap argument", request->type);
        return NULL;
    }
    char *server = memory_copy_bytes(request->name, (size_t)(colon - request->name));
    const char *endpoint = strchr(server, ':');
    if (endpoint == NULL || endpoint[1] == '\0') {
        str_printf(request->why, "need service transport:endpoint instead of \"%s\"", server);
        free(server);
        return NULL;
    }
    if (!is_known_transport(server)) {
        str_printf(request->why, "invalid transport name: %.*s in service: %s", (int)(endpoint - server), server, server);
        free(server);
        return NULL;
    }
    struct socketmap *map = memory_new(struct socketmap);
    map->name = memory_copy_text(request->name);
    map->map = map->name + (colon - request->name) + 1;
    map->endpoint = memory_copy_text(endpoint + 1);
    map->link = table_link_open(request->config == NULL ? "all" : request->config->inet_protocols, server);
    free(server);
    return map;
}

/* What went wrong with one exchange; text NULL: nothing. */
struct problem {
    const char *text;
    bool may_try_again;
};

static bool stream_problem(const struct stream *stream, struct problem *problem)
{
    switch (stream_status(stream)) {
    case STREAM_OK:
    case STREAM_TOO_LONG:
        return false;
    case STREAM_EOF:
        *problem = (struct problem){ "unexpected disconnect", true };
        return true;
    case STREAM_TIMEOUT:
        *problem = (struct problem){ "time limit exceeded", false };
        return true;
    case STREAM_ERROR:
        *problem = (struct problem){ "unexpected disconnect", true };
        return true;
    }
    return false;
}

/* The length before the netstring's content. False: *problem. */
static bool read_length(struct stream *stream, size_t *length, struct problem *problem)
{
    for (;;) {
        size_t count;
        size_t header;
        const char *bytes = stream_peek(stream, &count);
        switch (socketmap_reply_length(bytes, count, &header, length)) {
        case SOCKETMAP_LENGTH_DONE:
            stream_consume(stream, header);
            return true;
        case SOCKETMAP_LENGTH_MALFORMED:
            *problem = (struct problem){ "input format error", false };
            return false;
        case SOCKETMAP_LENGTH_TOO_LONG:
            *problem = (struct problem){ "input exceeds size limit", false };
            return false;
        case SOCKETMAP_LENGTH_MORE:
            (void)stream_fill(stream); /* a failure shows in the status */
            if (stream_problem(stream, problem))
                return false;
        }
    }
}

static bool read_reply(struct stream *stream, struct str *reply, struct problem *problem)
{
    size_t length;
    char comma;

    if (!read_length(stream, &length, problem))
        return false;
    str_clear(reply);
    str_reserve(reply, length + 1);
    if (stream_read_exactly(stream, reply->data, length) != STREAM_OK
        || stream_read_exactly(stream, &comma, 1) != STREAM_OK) {
        (void)stream_problem(stream, problem); /* is one */
        return false;
    }
    reply->length = length;
    reply->data[length] = '\0';
    if (comma != ',')
        *problem = (struct problem){ "input format error", false };
    return comma == ',';
}

/* One request and its reply. False: *problem, and the connection is closed. */
static bool exchange(struct socketmap *map, const char *key, struct str *reply, struct problem *problem)
{
    struct stream *stream = table_link_stream(map->link);

    if (stream == NULL) {
        *problem = (struct problem){ strerror(errno), false };
        log_warning("connect to %s: %s", map->endpoint, problem->text);
        return false;
    }
    stream_printf(stream, "%zu:%s %s,", strlen(map->map) + 1 + strlen(key), map->map, key);
    (void)stream_flush(stream); /* a failure shows in the status */
    bool good = !stream_problem(stream, problem) && read_reply(stream, reply, problem);
    if (good)
        table_link_was_used(map->link);
    else
        table_link_drop(map->link);
    return good;
}

static enum table_result report(const struct socketmap *map, const char *kind, struct str *reason)
{
    log_warning("socketmap:%s socketmap server %s error%s%s", map->name, kind, reason->length > 0 ? ": " : "",
        str_text(reason));
    str_clear(reason);
    return TABLE_FAILED;
}

static enum table_result socketmap_find(void *data, const char *key, struct str *value)
{
    struct socketmap *map = data;
    struct problem problem = {0};
    bool good = exchange(map, key, value, &problem);

    for (int try = 1; !good && problem.may_try_again && try < TRIES; try++)
        good = exchange(map, key, value, &problem);
    if (!good) {
        log_warning("table socketmap:%s lookup error: %s", map->name, problem.text);
        str_set(value, problem.text);
        return TABLE_FAILED;
    }
    switch (socketmap_reply_parse(value)) {
    case SOCKETMAP_OK:
        return TABLE_FOUND;
    case SOCKETMAP_NOTFOUND:
        str_clear(value);
        return TABLE_ABSENT;
    case SOCKETMAP_TEMP:
        return report(map, "temporary", value);
    case SOCKETMAP_TIMEOUT:
        return report(map, "timeout", value);
    case SOCKETMAP_PERM:
        return report(map, "permanent", value);
    case SOCKETMAP_UNKNOWN:
        break;
    }
    return report(map, "unknown", value);
}

const struct table_type table_socketmap = {
    .name = "socketmap", .suffix = "", .may_wait = true, .open = socketmap_open, .close = socketmap_close,
    .find = socketmap_find,
};
