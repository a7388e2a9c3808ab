/* proxymap.c: has tables open for other processes, so that databases see few connections (proxymap(8)). The service named
 * proxywrite_service_name makes changes, too, and should have one process. Only tables that proxy_read_maps or proxy_write_maps
 * name are opened. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "master/worker/worker.h"
#include "util/base/brace.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/proxymap_messages.h"
#include "util/table/table.h"

enum { IDLE_MS = 1000, RECEIVE_S = 10, SEND_S = 10 };
enum { FLAGS_TAKEN = TABLE_FOLD | TABLE_NO_SUBSTITUTION | TABLE_UTF8 | TABLE_SUBSTRING_KEYS };

struct open_table {
    struct open_table *next;
    char *name;
    unsigned flags;
    struct table *table;
    bool is_listed; /* somebody has asked for its first entry */
};

struct proxymap {
    struct worker *worker;
    const struct config *config;
    bool writes;
    const char *approved; /* the list */
    struct open_table *tables;
    struct str key;
    struct str value;
    struct str word;
};

/* --- tables --- */

/* The list names it with proxy: in front; what has no such word in front doesn't count. */
static bool is_approved(struct proxymap *proxymap, const char *name)
{
    const char *cursor = proxymap->approved;

    while (brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &proxymap->word)) {
        const char *word = str_text(&proxymap->word);
        if (text_starts_with(word, "proxy:") && text_equal(word + strlen("proxy:"), name))
            return true;
    }
    log_warning("request for unapproved table: \"%s\"", name);
    log_warning("to approve this table for %s access, list proxy:%s in main.cf:%s", proxymap->writes ? "read-write" : "read-only",
        name, proxymap->writes ? "proxy_write_maps" : "proxy_read_maps");
    return false;
}

/* NULL: it may not be opened. */
static struct open_table *find_table(struct proxymap *proxymap, const char *name, unsigned wanted)
{
    unsigned flags = (wanted & FLAGS_TAKEN) | (proxymap->writes ? TABLE_WRITE | TABLE_CREATE : 0u);
    struct open_table *open;

    LL_FOREACH (proxymap->tables, open) {
        if (open->flags == flags && text_equal(open->name, name))
            return open;
    }
    if (!is_approved(proxymap, name))
        return NULL;
    open = memory_new(struct open_table);
    open->name = memory_copy_text(name);
    open->flags = flags;
    open->table = table_open(proxymap->config, name, flags);
    LL_PREPEND(proxymap->tables, open);
    return open;
}

static bool have_changed(const struct proxymap *proxymap)
{
    const struct open_table *open;

    LL_FOREACH (proxymap->tables, open) {
        if (!proxymap->writes && table_has_changed(open->table))
            return true;
    }
    return false;
}

/* --- answers --- */

static enum proxymap_result result_of(enum table_result result)
{
    return result == TABLE_FOUND ? PROXYMAP_FOUND : result == TABLE_ABSENT ? PROXYMAP_ABSENT : PROXYMAP_FAILED;
}

static enum proxymap_result put(struct proxymap *proxymap, struct table *table, const struct proxymap_question *question)
{
    switch (table_put(table, question->key, question->value, question->action == PROXYMAP_PUT, &proxymap->value)) {
    case TABLE_PUT_DONE:
        return table_commit(table, &proxymap->value) ? PROXYMAP_FOUND : PROXYMAP_FAILED;
    case TABLE_PUT_DUPLICATE:
        return PROXYMAP_DUPLICATE;
    case TABLE_PUT_FAILED:
        break;
    }
    return PROXYMAP_FAILED;
}

static enum proxymap_result next(struct proxymap *proxymap, struct open_table *open, bool first)
{
    if (!table_can_list(open->table) || (!first && !open->is_listed))
        return PROXYMAP_ABSENT;
    enum table_result result = table_next(open->table, first, &proxymap->key, &proxymap->value);
    open->is_listed = result == TABLE_FOUND;
    return result_of(result);
}

static enum proxymap_result carry_out(struct proxymap *proxymap, const struct proxymap_question *question)
{
    struct open_table *open = find_table(proxymap, question->table, question->flags);

    str_clear(&proxymap->key);
    str_clear(&proxymap->value);
    if (open == NULL || (!proxymap->writes && question->action != PROXYMAP_FIND))
        return PROXYMAP_DENIED;
    struct table *table = open->table;
    switch ((enum proxymap_action)question->action) {
    case PROXYMAP_FIND:
        return result_of(table_find(table, question->key, &proxymap->value));
    case PROXYMAP_PUT:
    case PROXYMAP_PUT_NEW:
        return put(proxymap, table, question);
    case PROXYMAP_REMOVE:
        return result_of(table_remove(table, question->key, &proxymap->value));
    case PROXYMAP_FIRST:
    case PROXYMAP_NEXT:
        return next(proxymap, open, question->action == PROXYMAP_FIRST);
    case PROXYMAP_ACTIONS:
        break;
    }
    return PROXYMAP_DENIED;
}

/* False: the connection is over. */
static bool serve(struct proxymap *proxymap, struct ipc_channel *channel)
{
    struct proxymap_question question;
    unsigned type;

    if (!ipc_receive(channel, &type, clock_deadline_s(RECEIVE_S)))
        return false;
    if (type != proxymap_question_type || !proxymap_question_decode(channel, &question)
        || question.action >= PROXYMAP_ACTIONS || strchr(question.table, ':') == NULL)
        return false;
    enum proxymap_result result = carry_out(proxymap, &question);
    proxymap_answer_send(channel, &(struct proxymap_answer){ .result = result, .key = str_text(&proxymap->key),
        .value = str_text(&proxymap->value) });
    return ipc_flush(channel, clock_deadline_s(SEND_S));
}

/* Whoever has only just come gets time for the first question, even if others wait: hanging up would look like a failure. */
static bool wait_for_question(const struct proxymap *proxymap, const struct ipc_channel *channel, bool is_first)
{
    struct pollfd only = { .fd = ipc_fd(channel), .events = POLLIN };

    return is_first ? poll(&only, 1, IDLE_MS) > 0 : worker_wait_for_client(proxymap->worker, only.fd, IDLE_MS);
}

/* One connection, until it is over or tables have changed (true). */
static bool serve_all(struct proxymap *proxymap, struct ipc_channel *channel)
{
    for (bool is_first = true; wait_for_question(proxymap, channel, is_first) && serve(proxymap, channel); is_first = false) {
        if (have_changed(proxymap))
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "proxymap");
    const struct config *config = worker_config(worker);
    struct proxymap proxymap = { .worker = worker, .config = config };
    struct client *client;
    bool changed = false;

    proxymap.writes = text_equal(worker_service(worker), config->proxywrite_service_name);
    proxymap.approved = proxymap.writes ? config->proxy_write_maps : config->proxy_read_maps;
    worker_confine(worker, CONFINE_TABLES);
    while (!changed && (client = worker_accept(worker)) != NULL) {
        struct ipc_channel *channel = ipc_open(client->fd);
        client->fd = -1; /* the channel's now */
        changed = serve_all(&proxymap, channel); /* the next process opens them anew */
        ipc_close(channel);
    }
    while (proxymap.tables != NULL) {
        struct open_table *open = proxymap.tables;
        LL_DELETE(proxymap.tables, open);
        table_close(open->table);
        free(open->name);
        free(open);
    }
    str_free(&proxymap.key);
    str_free(&proxymap.value);
    str_free(&proxymap.word);
    return worker_stop(worker);
}
