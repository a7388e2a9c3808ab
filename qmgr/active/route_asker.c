#include "qmgr/active/route_asker.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "master/worker/worker.h"
#include "qmgr/active/limits.h"
#include "qmgr/route/route_messages.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/mail/address.h"

enum {
    LINES_MAX = 32,         /* processes that are asked at the same time */
    LINES_AT_ONCE = 4,      /* more than these only when questions have had to wait */
    HURRY_MS = 50,          /* so long */
    TICK_MS = 100,
};

struct question {
    struct message *message;
    size_t index;
    const char *domain;
    bool probe;
    bool repeated;          /* the process that first had it was gone already */
    int64_t asked_ms;
    struct question *prev;
    struct question *next;
};

/* A connection to one process. */
struct line {
    struct route_asker *asker;
    struct ipc_channel *channel;
    struct event *readable;
    struct question *question; /* NULL: idle */
    size_t answers;
    struct line *prev;
    struct line *next;
};

struct route_asker {
    struct manager *manager;
    const struct route_asker_handlers *handlers;
    char *path;
    size_t limit;
    struct question *waiting;
    struct line *lines;
    size_t line_count;
    struct event *pump;
    struct event *tick;
};

static void on_pump(evutil_socket_t fd, short what, void *context);
static void on_tick(evutil_socket_t fd, short what, void *context);

static size_t line_limit(const struct manager *manager)
{
    int64_t limit = limits_processes(manager, manager->config->rewrite_service_name);

    return limit <= 0 || limit > LINES_MAX ? LINES_MAX : (size_t)limit;
}

struct route_asker *route_asker_new(struct manager *manager, const struct route_asker_handlers *handlers)
{
    struct route_asker *asker = memory_new(struct route_asker);
    struct str path = {0};

    str_printf(&path, "private/%s", manager->config->rewrite_service_name);
    asker->manager = manager;
    asker->handlers = handlers;
    asker->path = memory_copy_text(worker_socket_path(manager->worker, str_text(&path)));
    asker->limit = line_limit(manager);
    asker->pump = event_new(manager->events, -1, 0, on_pump, asker);
    asker->tick = event_new(manager->events, -1, 0, on_tick, asker);
    if (asker->pump == NULL || asker->tick == NULL)
        memory_exhausted();
    str_free(&path);
    return asker;
}

static void free_line(struct line *line)
{
    struct route_asker *asker = line->asker;

    DL_DELETE(asker->lines, line);
    asker->line_count--;
    event_free(line->readable);
    ipc_close(line->channel);
    free(line);
}

void route_asker_ask(struct route_asker *asker, struct message *message, size_t index, bool probe)
{
    struct question *question = memory_new(struct question);
    const char *domain = address_domain(message->envelope.recipients[index].address);

    *question = (struct question){
        .message = message,
        .index = index,
        .domain = domain == NULL ? "" : domain,
        .probe = probe,
        .asked_ms = clock_monotonic_ms(),
    };
    DL_APPEND(asker->waiting, question);
    event_active(asker->pump, 0, 0);
}

/* --- answers --- */

static void settle(struct question *question, enum route_result result, const struct route *route)
{
    struct message *message = question->message;
    size_t index = question->index;

    free(question);
    message->manager->asker->handlers->routed(message, index, result, route);
}

static void settle_failed(struct question *question)
{
    static const struct route none = { .transport = "", .next_hop = "", .recipient = "", .reason = "" };

    settle(question, ROUTE_DEFER, &none);
}

/* A process may end just when a question is on its way to it: that one is asked again, once. */
static void drop_line(struct line *line)
{
    struct route_asker *asker = line->asker;
    struct question *question = line->question;
    bool raced = question != NULL && line->answers > 0 && !question->repeated;

    if (question != NULL && !raced)
        log_warning("problem talking to service %s: %s", asker->manager->config->rewrite_service_name,
            ipc_error(line->channel));
    free_line(line);
    if (raced) {
        question->repeated = true;
        DL_PREPEND(asker->waiting, question);
    } else if (question != NULL) {
        settle_failed(question);
    }
    event_active(asker->pump, 0, 0);
}

static const char *keep(struct message *message, const char *text)
{
    return *text == '\0' ? "" : arena_copy_text(message->arena, text);
}

static bool take_answer(struct line *line)
{
    struct question *question = line->question;
    struct route_answer answer;

    if (question == NULL || !route_answer_decode(line->channel, &answer) || answer.class > ROUTE_OTHER
        || answer.result > ROUTE_DEFER)
        return false;
    struct message *message = question->message;
    line->question = NULL;
    line->answers++;
    settle(question, answer.result, &(struct route){
        .class = answer.class,
        .transport = keep(message, answer.transport),
        .next_hop = keep(message, answer.next_hop),
        .recipient = keep(message, answer.recipient),
        .is_error = answer.is_error,
        .reason = "",
    });
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct line *line = context;
    struct route_asker *asker = line->asker;
    unsigned type;

    bool open = ipc_feed(line->channel);
    while (ipc_next(line->channel, &type)) {
        if (type != route_answer_type || !take_answer(line)) {
            drop_line(line);
            return;
        }
    }
    if (!open || ipc_failed(line->channel))
        drop_line(line);
    else
        event_active(asker->pump, 0, 0);
}

/* --- asking --- */

static struct line *open_line(struct route_asker *asker)
{
    int fd = fd_connect_unix_now(asker->path);

    if (fd < 0)
        return NULL;
    struct line *line = memory_new(struct line);
    line->asker = asker;
    line->channel = ipc_open(fd);
    line->readable = event_new(asker->manager->events, fd, EV_READ | EV_PERSIST, on_readable, line);
    if (line->readable == NULL || event_add(line->readable, NULL) != 0)
        memory_exhausted();
    DL_PREPEND(asker->lines, line);
    asker->line_count++;
    return line;
}

static struct line *idle_line(const struct route_asker *asker)
{
    struct line *line;

    DL_FOREACH (asker->lines, line) {
        if (line->question == NULL)
            return line;
    }
    return NULL;
}

static bool may_open(const struct route_asker *asker, const struct question *question)
{
    return asker->line_count < asker->limit
        && (asker->line_count < LINES_AT_ONCE || clock_monotonic_ms() - question->asked_ms >= HURRY_MS);
}

/* A quarter of what there is, so that three quarters are left for others. */
static bool domain_is_full(const struct route_asker *asker, const char *domain)
{
    size_t share = asker->limit < 8 ? (asker->limit + 1) / 2 : asker->limit / 4;
    const struct line *line;
    size_t count = 0;

    DL_FOREACH (asker->lines, line)
        count += line->question != NULL && text_equal_nocase(line->question->domain, domain);
    return count >= share;
}

static struct question *next_question(const struct route_asker *asker)
{
    const char *full = NULL; /* the last domain that was found so: of a large list for one domain all are alike */
    struct question *question;

    DL_FOREACH (asker->waiting, question) {
        if (full != NULL && text_equal_nocase(question->domain, full))
            continue;
        if (!domain_is_full(asker, question->domain))
            return question;
        full = question->domain;
    }
    return NULL;
}

static void put_question(struct line *line, struct question *question)
{
    bool more; /* what doesn't fit into the socket now would be strange, and ends with the time limit */

    DL_DELETE(line->asker->waiting, question);
    line->question = question;
    route_question_send(line->channel, &(struct route_question){
        .sender = question->message->envelope.sender,
        .recipient = question->message->envelope.recipients[question->index].address,
        .probe = question->probe,
    });
    (void)ipc_drain(line->channel, &more); /* a failure shows as the end of the connection */
}

/* Nobody is there to ask. */
static void fail_all(struct route_asker *asker, const char *error)
{
    struct question *question;

    log_warning("problem talking to service %s: %s", asker->manager->config->rewrite_service_name, error);
    while ((question = asker->waiting) != NULL) {
        DL_DELETE(asker->waiting, question);
        settle_failed(question);
    }
}

static bool is_busy(const struct route_asker *asker)
{
    const struct line *line;

    DL_FOREACH (asker->lines, line) {
        if (line->question != NULL)
            return true;
    }
    return asker->waiting != NULL;
}

static void watch_time(struct route_asker *asker)
{
    static const struct timeval step = { .tv_usec = TICK_MS * 1000 };

    if (is_busy(asker) && !event_pending(asker->tick, EV_TIMEOUT, NULL))
        (void)event_add(asker->tick, &step); /* timers always can be added */
}

static void pump(struct route_asker *asker)
{
    struct question *question;

    while ((!asker->manager->draining || asker->manager->leaving) && (question = next_question(asker)) != NULL) {
        struct line *line = idle_line(asker);
        if (line == NULL && !may_open(asker, question))
            break;
        if (line == NULL)
            line = open_line(asker);
        if (line == NULL && asker->line_count == 0 && errno != EAGAIN) {
            fail_all(asker, strerror(errno));
            return;
        }
        if (line == NULL)
            break; /* again with the next tick */
        put_question(line, question);
    }
    watch_time(asker);
}

static void on_pump(evutil_socket_t fd, short what, void *context)
{
    pump(context);
}

/* --- time --- */

static void expire_waiting(struct route_asker *asker, int64_t now_ms)
{
    struct question *question = asker->waiting; /* the oldest is first, but for a repeated one */

    while (question != NULL && now_ms - question->asked_ms >= ROUTE_ASKER_S * 1000) {
        DL_DELETE(asker->waiting, question);
        settle_failed(question);
        question = asker->waiting;
    }
}

static struct line *expired_line(const struct route_asker *asker, int64_t now_ms)
{
    struct line *line;

    DL_FOREACH (asker->lines, line) {
        if (line->question != NULL && now_ms - line->question->asked_ms >= ROUTE_ASKER_S * 1000)
            return line;
    }
    return NULL;
}

/* What is known by now of messages that wait for the rest may go ahead. */
static void release_known(struct route_asker *asker)
{
    struct question *question;
    struct line *line;

    DL_FOREACH (asker->waiting, question)
        asker->handlers->release(question->message);
    DL_FOREACH (asker->lines, line) {
        if (line->question != NULL)
            asker->handlers->release(line->question->message);
    }
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
    struct route_asker *asker = context;
    int64_t now_ms = clock_monotonic_ms();
    struct line *line;

    expire_waiting(asker, now_ms);
    while ((line = expired_line(asker, now_ms)) != NULL) {
        struct question *question = line->question;
        line->question = NULL;
        free_line(line); /* it may yet say something, which nobody wants any more */
        settle_failed(question);
    }
    release_known(asker);
    pump(asker);
}
