#include "util/table/table_tcp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/table/table_link.h"
#include "util/table/tcp_reply.h"

enum { TRIES = 10, PAUSE_MS = 1000 };

struct tcp {
    struct table_link *link;
    char *name;         /* "host:port" */
    struct str request; /* scratch */
    struct str line;    /* scratch */
};

static void tcp_close(void *data)
{
    struct tcp *tcp = data;

    table_link_close(tcp->link);
    free(tcp->name);
    str_free(&tcp->request);
    str_free(&tcp->line);
    free(tcp);
}

static void *tcp_open(const struct table_request *request)
{
    struct tcp *tcp = memory_new(struct tcp);
    struct str server = {0};

    str_printf(&server, "inet:%s", request->name);
    tcp->name = memory_copy_text(request->name);
    tcp->link = table_link_open(request->config == NULL ? "all" : request->config->inet_protocols, str_text(&server));
    str_free(&server);
    return tcp;
}

enum outcome { GOT_REPLY, TRY_AGAIN, GIVE_UP };

static enum outcome complain(struct tcp *tcp, enum stream_status status, int error)
{
    table_link_drop(tcp->link);
    if (status == STREAM_TOO_LONG)
        log_warning("read TCP map reply from %s: text longer than %d", tcp->name, TCP_REPLY_BYTES_MAX + 1);
    else
        log_warning("read TCP map reply from %s: unexpected EOF (%s)", tcp->name, strerror(error));
    /* A server that took all the time once would take it each time. */
    return status == STREAM_TIMEOUT ? GIVE_UP : TRY_AGAIN;
}

static enum outcome exchange(struct tcp *tcp, struct str *why)
{
    struct stream *stream = table_link_stream(tcp->link);

    if (stream == NULL) {
        bool was_late = errno == ETIMEDOUT;
        str_set(why, strerror(errno));
        log_warning("connect to TCP map %s: %s", tcp->name, str_text(why));
        return was_late ? GIVE_UP : TRY_AGAIN;
    }
    stream_write(stream, str_text(&tcp->request), tcp->request.length);
    enum stream_status status = stream_read_line(stream, &tcp->line, TCP_REPLY_BYTES_MAX);
    if (status != STREAM_OK)
        return complain(tcp, status, status == STREAM_EOF ? ECONNRESET : stream_errno(stream));
    table_link_was_used(tcp->link);
    return GOT_REPLY;
}

static enum table_result refuse(struct tcp *tcp, const char *what, struct str *value)
{
    log_warning("read TCP map reply from %s: %s: %s", tcp->name, what, str_text(&tcp->line));
    table_link_drop(tcp->link); /* whatever this is, it may go on */
    str_clear(value);
    return TABLE_FAILED;
}

static enum table_result tcp_find(void *data, const char *key, struct str *value)
{
    struct tcp *tcp = data;

    str_set(&tcp->request, "get ");
    tcp_reply_encode(&tcp->request, key);
    str_put_char(&tcp->request, '\n');
    enum outcome outcome = exchange(tcp, value);
    for (int try = 1; outcome == TRY_AGAIN && try < TRIES; try++) {
        (void)poll(NULL, 0, PAUSE_MS); /* only a pause */
        outcome = exchange(tcp, value);
    }
    if (outcome != GOT_REPLY)
        return TABLE_FAILED;
    switch (tcp_reply_parse(str_text(&tcp->line), value)) {
    case TCP_REPLY_FOUND:
        return TABLE_FOUND;
    case TCP_REPLY_ABSENT:
        str_clear(value);
        return TABLE_ABSENT;
    case TCP_REPLY_ERROR:
        return TABLE_FAILED;
    case TCP_REPLY_MALFORMED:
        return refuse(tcp, "malformed reply", value);
    case TCP_REPLY_BAD_CODE:
        break;
    }
    return refuse(tcp, "bad status code", value);
}

const struct table_type table_tcp = {
    .name = "tcp", .suffix = "", .may_wait = true, .open = tcp_open, .close = tcp_close, .find = tcp_find,
};
