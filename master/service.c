#include "master/service.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/spawn.h"
#include "master/stress.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/process.h"

/* Two shortages within this time: a further worker is started before it is needed. */
enum { BUSY_AGAIN_MS = 1000, SLOTS_MIN = 4000, RESTART_S = 1 };

static int limit_of(const struct service *service)
{
    int64_t limit = service->entry->process_limit;
    int slots = board_slot_count(service->board);

    if (limit < 0)
        limit = service->supervisor->config->default_process_limit;
    return limit == 0 || limit > slots ? slots : (int)limit;
}

/* Those that are leaving don't stand in their successors' way, as far as there is room on the board. */
static bool has_enough_workers(const struct service *service)
{
    int count = service->worker_count;

    if (count < service->limit)
        return false;
    return count >= board_slot_count(service->board) || count - board_leaving_count(service->board) >= service->limit;
}

static void watch(struct service *service, bool on)
{
    for (size_t i = 0; i < service->watch_count; i++)
        if ((on ? event_add(service->watches[i], NULL) : event_del(service->watches[i])) != 0)
            log_fatal("event loop: %m");
}

static void enter(struct service *service, enum service_state state)
{
    service->state = state;
    watch(service, state == SERVICE_UNSERVED || state == SERVICE_INSIDE);
}

/* Finds the state that the facts ask for. */
static void settle(struct service *service)
{
    bool is_served = board_anyone_idle(service->board) || has_enough_workers(service);

    enter(service, is_served ? SERVICE_SERVED : SERVICE_UNSERVED);
}

static void throttle(struct service *service)
{
    struct timeval delay = { .tv_sec = service->supervisor->config->service_throttle_time };

    enter(service, SERVICE_THROTTLED);
    if (event_add(service->throttle, &delay) != 0)
        log_fatal("event loop: %m");
}

static int free_slot(const struct service *service)
{
    int slot = 0;

    while (service->slots[slot] != 0)
        slot++;
    return slot; /* there is one: the limit is at most the number of slots */
}

static void start_worker(struct service *service)
{
    int slot = free_slot(service);

    board_slot_open(service->board, slot);
    pid_t pid = spawn_worker(service, slot);
    if (pid < 0) {
        (void)board_slot_close(service->board, slot);
        log_warning("master_spawn: fork: %m -- throttling");
        throttle(service);
        return;
    }
    service->slots[slot] = pid;
    service->worker_count++;
    service->was_used = true;
    settle(service);
}

/* ---- what happens in which state ---- */

static void ignore(struct service *service)
{
}

/* The last worker that is allowed, and all others are busy: it already works under stress. */
static void start_needed_worker(struct service *service)
{
    if (service->worker_count == service->limit - 1)
        stress_begin(service);
    start_worker(service);
}

/* A connection waits. Somebody who became idle meanwhile will take it. */
static void serve(struct service *service)
{
    if (board_anyone_idle(service->board) || has_enough_workers(service))
        settle(service);
    else
        start_needed_worker(service);
}

static bool is_busy_again(struct service *service)
{
    struct timespec now;
    struct timespec last = service->last_all_busy;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* always there */
    service->last_all_busy = now;
    return (now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000 < BUSY_AGAIN_MS;
}

/* The last idle worker got a client. Where that happens often, one more is kept ready: master then hardly ever has to watch
 * the socket, and clients needn't wait for a process to start. */
static void all_busy(struct service *service)
{
    if (board_anyone_idle(service->board))
        return;
    if (has_enough_workers(service)) {
        stress_begin(service);
        settle(service);
    } else if (is_busy_again(service)) {
        start_worker(service);
    } else {
        settle(service);
    }
}

static void hang_up(struct service *service)
{
    char datagram[1];

    for (size_t i = 0; i < service->listeners.count; i++) {
        int listener = service->listeners.items[i].fd;
        int fd = -1;
        if (service->type == MASTER_CF_UNIX_DGRAM)
            (void)!recv(listener, datagram, sizeof(datagram), 0); /* nobody wants it */
        else
            fd = accept(listener, NULL, NULL);
        fd_close(&fd);
    }
}

enum happening { CONNECTION, ALL_BUSY, WORKER_ENDED, WORKER_FAILED, THROTTLE_OVER, HAPPENINGS };

static void (*const table[SERVICE_STATES][HAPPENINGS])(struct service *) = {
    /*                      CONNECTION ALL_BUSY  WORKER_ENDED WORKER_FAILED THROTTLE_OVER */
    [SERVICE_UNSERVED] =  { serve,     all_busy, settle,      throttle,     ignore },
    [SERVICE_SERVED] =    { ignore,    all_busy, settle,      throttle,     ignore },
    [SERVICE_THROTTLED] = { ignore,    ignore,   ignore,      ignore,       settle },
    [SERVICE_INSIDE] =    { hang_up,   ignore,   ignore,      ignore,       ignore },
    [SERVICE_GONE] =      { ignore,    ignore,   ignore,      ignore,       ignore },
};

static void happens(struct service *service, enum happening what)
{
    if (!service->supervisor->is_stopping)
        table[service->state][what](service);
}

static void on_connection(evutil_socket_t fd, short what, void *context)
{
    happens(context, CONNECTION);
}

static void on_notified(evutil_socket_t fd, short what, void *context)
{
    char words[64];

    if (read(fd, words, sizeof(words)) > 0)
        happens(context, ALL_BUSY);
}

static void on_throttle_over(evutil_socket_t fd, short what, void *context)
{
    happens(context, THROTTLE_OVER);
}

/* ---- wake-ups ---- */

static void wake(struct service *service)
{
    const struct listener *listener = service->listeners.count > 0 ? &service->listeners.items[0] : NULL;
    static const char word[] = "W";

    if (listener == NULL || listener->path == NULL || service->type == MASTER_CF_UNIX_DGRAM)
        return;
    int fd = fd_connect_unix(listener->path, 0);
    if (fd < 0)
        return; /* its backlog is full: it has work enough */
    (void)!write(fd, word, 1); /* the connection alone wakes it, too */
    (void)close(fd);           /* as above */
}

static void schedule_wakeup(struct service *service, int64_t delay_s)
{
    struct timeval delay = { .tv_sec = delay_s };

    if (event_add(service->wakeup, &delay) != 0)
        log_fatal("event loop: %m");
}

static void on_wakeup(evutil_socket_t fd, short what, void *context)
{
    struct service *service = context;

    if (service->state == SERVICE_GONE || service->state == SERVICE_INSIDE || service->supervisor->is_stopping)
        return;
    if (!service->entry->wakeup_if_used || service->was_used)
        wake(service);
    schedule_wakeup(service, service->entry->wakeup_s);
}

/* ---- workers that end ---- */

static void report(const struct service *service, pid_t pid, int status)
{
    const char *directory = service->directory;
    const char *program = service->entry->fields[MASTER_CF_COMMAND];

    if (WIFEXITED(status) && WEXITSTATUS(status) != 0)
        log_warning("process %s/%s pid %ld exit status %d", directory, program, (long)pid, WEXITSTATUS(status));
    else if (WIFSIGNALED(status))
        log_warning("process %s/%s pid %ld killed by signal %d", directory, program, (long)pid, WTERMSIG(status));
}

bool service_worker_ended(struct service *service, pid_t pid, int status)
{
    int slot = 0;
    int slots = board_slot_count(service->board);

    while (slot < slots && service->slots[slot] != pid)
        slot++;
    if (slot == slots)
        return false;
    service->slots[slot] = 0;
    service->worker_count--;
    bool had_started = board_slot_close(service->board, slot);
    if (service->supervisor->is_stopping || service->state == SERVICE_GONE)
        return true;
    report(service, pid, status);
    bool is_bad_start = status != 0 && !had_started;
    if ((status != 0 || service->wakes_again) && service->entry->wakeup_s > 0 && !service->entry->wakeup_if_used)
        schedule_wakeup(service, status != 0 ? RESTART_S : 0); /* qmgr and pickup have work of their own */
    service->wakes_again = false;
    if (is_bad_start && service->state != SERVICE_THROTTLED)
        log_warning("%s/%s: bad command startup -- throttling", service->directory,
            service->entry->fields[MASTER_CF_COMMAND]);
    happens(service, is_bad_start ? WORKER_FAILED : WORKER_ENDED);
    return true;
}

int service_signal(const struct service *service, int signal_number)
{
    int slots = board_slot_count(service->board);

    for (int slot = 0, left = service->worker_count; left > 0 && slot < slots; slot++) {
        if (service->slots[slot] == 0)
            continue;
        (void)kill(service->slots[slot], signal_number); /* it may have ended just now */
        left--;
    }
    return service->worker_count;
}

/* ---- coming and going ---- */

struct service *service_new(struct supervisor *supervisor, const struct master_cf_entry *entry)
{
    struct service *service = memory_new(struct service);
    int slots = entry->process_limit > SLOTS_MIN ? (int)entry->process_limit : SLOTS_MIN;

    service->supervisor = supervisor;
    service->name = memory_copy_text(entry->fields[MASTER_CF_SERVICE]);
    service->type = entry->type;
    service->entry = entry;
    service->board_fd = process_shared_memory(board_size(slots));
    service->board = service->board_fd >= 0 ? board_map(service->board_fd) : NULL;
    if (service->board == NULL || !board_make_secret(service->board)
        || pipe2(service->notify, O_CLOEXEC | O_NONBLOCK) != 0)
        log_fatal("resources for service %s: %m", service->name);
    service->slots = memory_zeroed((size_t)slots, sizeof(pid_t));
    service->notified = event_new(supervisor->base, service->notify[0], EV_READ | EV_PERSIST, on_notified, service);
    service->throttle = evtimer_new(supervisor->base, on_throttle_over, service);
    service->wakeup = evtimer_new(supervisor->base, on_wakeup, service);
    if (service->notified == NULL || service->throttle == NULL || service->wakeup == NULL
        || event_add(service->notified, NULL) != 0)
        log_fatal("event loop: %m");
    return service;
}

bool service_is_for(const struct service *service, const struct master_cf_entry *entry)
{
    return service->state != SERVICE_GONE && service->type == entry->type
        && text_equal(service->name, entry->fields[MASTER_CF_SERVICE]);
}

static void drop_watches(struct service *service)
{
    for (size_t i = 0; i < service->watch_count; i++)
        event_free(service->watches[i]);
    free(service->watches);
    service->watches = NULL;
    service->watch_count = 0;
}

static void add_watches(struct service *service)
{
    service->watches = memory_zeroed(service->listeners.count, sizeof(*service->watches));
    for (size_t i = 0; i < service->listeners.count; i++) {
        struct event *event = NULL;
        if (service->listeners.items[i].fd < 0)
            continue;
        event = event_new(service->supervisor->base, service->listeners.items[i].fd, EV_READ | EV_PERSIST, on_connection,
            service);
        if (event == NULL)
            log_fatal("event loop: %m");
        service->watches[service->watch_count++] = event;
    }
}

void service_run(struct service *service, const struct master_cf_entry *entry, struct listener_list *take_listeners)
{
    drop_watches(service);
    listener_list_free(&service->listeners, false);
    service->listeners = *take_listeners;
    *take_listeners = (struct listener_list){0};
    service->entry = entry;
    service->directory = programs_directory(service->supervisor->config);
    service->kind = programs_kind(service->directory, entry->fields[MASTER_CF_COMMAND]);
    service->limit = limit_of(service);
    add_watches(service);
    (void)event_del(service->throttle); /* a new configuration is a new chance */
    (void)event_del(service->wakeup);   /* as above */
    if (service->kind != PROGRAM_ORDINARY) {
        enter(service, SERVICE_INSIDE);
        return;
    }
    service->wakes_again = service->worker_count > 0;
    settle(service);
    if (entry->wakeup_s > 0)
        schedule_wakeup(service, 0);
}

void service_end(struct service *service)
{
    drop_watches(service);
    listener_list_free(&service->listeners, true);
    (void)event_del(service->throttle); /* it may not be pending */
    (void)event_del(service->wakeup);   /* as above */
    service->state = SERVICE_GONE;
}

bool service_is_over(const struct service *service)
{
    return service->state == SERVICE_GONE && service->worker_count == 0;
}

void service_free(struct service *service)
{
    drop_watches(service);
    listener_list_free(&service->listeners, false);
    event_free(service->notified);
    event_free(service->throttle);
    event_free(service->wakeup);
    board_unmap(service->board);
    fd_close(&service->board_fd);
    fd_close(&service->notify[0]);
    fd_close(&service->notify[1]);
    free(service->slots);
    free(service->name);
    free(service);
}
