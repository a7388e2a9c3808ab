#include "util/table/table_link.h"

#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/net/endpoint.h"

struct table_link {
    struct table_link *next;
    unsigned users;
    char *protocols;
    char *server;
    struct stream *stream; /* NULL: not connected */
    pid_t owner;           /* who made the connection: a child must not speak on its parent's */
    int64_t opened_ms;
    int64_t used_ms;
};

static struct table_link *links;

struct table_link *table_link_open(const char *protocols, const char *server)
{
    struct table_link *link;

    LL_FOREACH (links, link) {
        if (text_equal(link->server, server) && text_equal(link->protocols, protocols))
            break;
    }
    if (link == NULL) {
        link = memory_new(struct table_link);
        link->protocols = memory_copy_text(protocols);
        link->server = memory_copy_text(server);
        LL_PREPEND(links, link);
    }
    link->users++;
    return link;
}

void table_link_drop(struct table_link *link)
{
    stream_close(link->stream);
    link->stream = NULL;
}

void table_link_close(struct table_link *link)
{
    if (--link->users > 0)
        return;
    table_link_drop(link);
    LL_DELETE(links, link);
    free(link->protocols);
    free(link->server);
    free(link);
}

/* Bytes that nobody asked for, or an end: such a connection is of no use. */
static bool is_worn_out(const struct table_link *link)
{
    int64_t now_ms = clock_monotonic_ms();

    return link->owner != getpid() || now_ms - link->used_ms >= TABLE_LINK_IDLE_S * 1000
           || now_ms - link->opened_ms >= TABLE_LINK_LIFE_S * 1000 || stream_input_is_pending(link->stream);
}

struct stream *table_link_stream(struct table_link *link)
{
    if (link->stream != NULL && is_worn_out(link))
        table_link_drop(link);
    if (link->stream == NULL) {
        int fd = endpoint_connect(link->protocols, link->server, TABLE_LINK_TIMEOUT_S);
        if (fd < 0)
            return NULL;
        link->stream = stream_open(fd);
        link->owner = getpid();
        link->opened_ms = link->used_ms = clock_monotonic_ms();
    }
    stream_set_timeout(link->stream, TABLE_LINK_TIMEOUT_S);
    stream_set_deadline(link->stream, clock_deadline_s(TABLE_LINK_TIMEOUT_S));
    return link->stream;
}

void table_link_was_used(struct table_link *link)
{
    link->used_ms = clock_monotonic_ms();
}
