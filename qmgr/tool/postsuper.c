/* postsuper.c: the super-user's hands in the queue (postsuper(1)): delete, hold, release, requeue, expire, repair. It works on
 * files by name, beside a running queue manager: every step is one rename or unlink. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qmgr/spool/queue_id.h"
#include "qmgr/spool/scan.h"
#include "qmgr/spool/spool.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/tool/command_config.h"

struct super;

/* What an option does to one message in one queue. True: done, and counted. */
typedef bool action(struct super *super, enum queue queue, const char *id);

struct operation {
    char option;
    action *run;
    const char *done;       /* "Deleted": the count's words */
    const char *each;       /* "removed": per message */
    unsigned queues;        /* where it looks by default: bits by enum queue */
    unsigned long count;
    bool used;
};

struct super {
    struct spool *spool;
    const struct config *config;
    unsigned queues;        /* named on the command line; 0: the operation's own */
    unsigned long released; /* by -f, besides being expired */
};

enum {
    IN_ACTIVE = 1u << QUEUE_ACTIVE,
    IN_INCOMING = 1u << QUEUE_INCOMING,
    IN_DEFERRED = 1u << QUEUE_DEFERRED,
    IN_HOLD = 1u << QUEUE_HOLD,
    IN_ALL = IN_ACTIVE | IN_INCOMING | IN_DEFERRED | IN_HOLD,
    IN_MAILDROP = 1u << QUEUE_COUNT,     /* what waits for pickup: no queue of the queue manager's */
    IN_LOGS = 1u << (QUEUE_COUNT + 1),   /* bounce, defer and others: folders that administrators know; nothing lies there */
};

static bool delete_message(struct super *super, enum queue queue, const char *id)
{
    return spool_remove(super->spool, queue, id);
}

static bool hold_message(struct super *super, enum queue queue, const char *id)
{
    return queue != QUEUE_HOLD && spool_move(super->spool, queue, QUEUE_HOLD, id);
}

static bool release_message(struct super *super, enum queue queue, const char *id)
{
    return queue == QUEUE_HOLD && spool_move(super->spool, QUEUE_HOLD, QUEUE_DEFERRED, id);
}

/* The queue manager looks at this mark when it takes the message up. *is_new: it had none before. */
static bool mark_expired(struct super *super, enum queue queue, const char *id, bool *is_new)
{
    struct stat status;
    int fd = spool_open_file(super->spool, queue, id, O_RDONLY);
    bool good = fd >= 0 && fstat(fd, &status) == 0;

    *is_new = good && (status.st_mode & SPOOL_MODE_FORCE_EXPIRED) != SPOOL_MODE_FORCE_EXPIRED;
    if (*is_new)
        good = fchmod(fd, (status.st_mode & 07777) | SPOOL_MODE_FORCE_EXPIRED) == 0;
    fd_close(&fd);
    return good;
}

static bool expire_message(struct super *super, enum queue queue, const char *id)
{
    bool is_new;

    return mark_expired(super, queue, id, &is_new) && is_new;
}

/* Released, and counted so, even if it was marked before. */
static bool expire_and_release(struct super *super, enum queue queue, const char *id)
{
    bool is_new;

    if (!mark_expired(super, queue, id, &is_new))
        return false;
    if (queue == QUEUE_HOLD && !release_message(super, queue, id))
        return false;
    super->released += queue == QUEUE_HOLD;
    return is_new;
}

/* Through pickup once more: a new queue id, addresses rewritten anew. */
static bool requeue_message(struct super *super, enum queue queue, const char *id)
{
    struct str from = {0};
    struct str to = {0};
    int folder = spool_folder(super->spool);

    spool_put_path(super->spool, queue, id, &from);
    str_printf(&to, "maildrop/%s", id);
    struct stat status;
    bool good = fstatat(folder, str_text(&from), &status, AT_SYMLINK_NOFOLLOW) == 0
        && fchmodat(folder, str_text(&from), status.st_mode | S_IXUSR, 0) == 0
        && renameat(folder, str_text(&from), folder, str_text(&to)) == 0;
    str_free(&from);
    str_free(&to);
    return good;
}

static struct operation operations[] = {
    { .option = 'd', .run = delete_message, .done = "Deleted", .each = "removed", .queues = IN_ALL | IN_MAILDROP },
    { .option = 'r', .run = requeue_message, .done = "Requeued", .each = "requeued", .queues = IN_ALL },
    { .option = 'e', .run = expire_message, .done = "Force-expired", .each = "expired", .queues = IN_ALL },
    { .option = 'f', .run = expire_and_release, .done = "Force-expired", .each = "expired", .queues = IN_ALL },
    { .option = 'h', .run = hold_message, .done = "Placed on hold", .each = "placed on hold",
        .queues = IN_ACTIVE | IN_INCOMING | IN_DEFERRED },
    { .option = 'H', .run = release_message, .done = "Released from hold", .each = "released from hold",
        .queues = IN_HOLD },
};

static struct operation *find_operation(int option)
{
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (operations[i].option == option)
            return &operations[i];
    }
    return NULL;
}

static unsigned queues_of(const struct super *super, const struct operation *operation)
{
    return super->queues != 0 ? super->queues : operation->queues;
}

static bool delete_dropped(struct super *super, const char *id)
{
    struct str path = {0};

    str_printf(&path, "maildrop/%s", id);
    bool good = unlinkat(spool_folder(super->spool), str_text(&path), 0) == 0;
    str_free(&path);
    return good;
}

static bool covers_maildrop(const struct super *super, const struct operation *operation)
{
    return operation->option == 'd' && (queues_of(super, operation) & IN_MAILDROP) != 0;
}

static void delete_all_dropped(struct super *super, struct operation *operation)
{
    int fd = openat(spool_folder(super->spool), "maildrop", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);

    if (folder == NULL) {
        fd_close(&fd);
        return;
    }
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        if (queue_id_is_valid(entry->d_name) && delete_dropped(super, entry->d_name))
            operation->count++;
    }
    (void)closedir(folder); /* nothing to lose */
}

/* A message moves while we look: once more before giving up. */
static void run_one(struct super *super, struct operation *operation, const char *id)
{
    for (int i = 0; i < 2; i++) {
        for (int queue = 0; queue < QUEUE_COUNT; queue++) {
            if (!(queues_of(super, operation) & 1u << queue))
                continue;
            if (operation->run(super, (enum queue)queue, id)) {
                log_info("%s: %s", id, operation->each);
                operation->count++;
                return;
            }
            if (errno != 0 && errno != ENOENT)
                log_warning("%s: %s", id, strerror(errno));
        }
    }
    if (covers_maildrop(super, operation) && delete_dropped(super, id)) {
        log_info("%s: %s", id, operation->each);
        operation->count++;
    }
}

/* Files that move between queues or subfolders while a folder is read can be met twice or not at all; the names are collected
 * first, so that nothing is met because we moved it. */
static void run_all_in(struct super *super, struct operation *operation, enum queue queue)
{
    struct scan *scan = scan_open(super->spool, queue);
    struct str names = {0};
    const char *id;

    while ((id = scan_next(scan)) != NULL)
        str_put_bytes(&names, id, strlen(id) + 1);
    scan_close(scan);
    for (size_t at = 0; at < names.length; at += strlen(names.data + at) + 1) {
        if (operation->run(super, queue, names.data + at))
            operation->count++;
        else if (errno != 0 && errno != ENOENT)
            log_warning("%s: %s", names.data + at, strerror(errno));
    }
    str_free(&names);
}

static void run_all(struct super *super, struct operation *operation)
{
    for (int queue = 0; queue < QUEUE_COUNT; queue++) {
        if (queues_of(super, operation) & 1u << queue)
            run_all_in(super, operation, (enum queue)queue);
    }
    if (covers_maildrop(super, operation))
        delete_all_dropped(super, operation);
}

static void run_named(struct super *super, struct operation *operation, const char *id)
{
    if (queue_id_is_valid(id))
        run_one(super, operation, id);
    else
        log_warning("invalid mail queue id: %s", id);
}

static void run_from_input(struct super *super, struct operation *operation)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;

    while ((length = getline(&line, &size, stdin)) >= 0) {
        line[strcspn(line, "\r\n")] = '\0';
        run_named(super, operation, line);
    }
    free(line);
}

/* -p and -s: files that no message needs. A running queue manager has what it needs in spare; only a stopped one's are left
 * over. */
static void purge(struct super *super, bool manager_is_down)
{
    struct scan *scan = scan_open(super->spool, QUEUE_SPARE);
    const char *id;

    while (manager_is_down && (id = scan_next(scan)) != NULL) {
        int fd = spool_open_file(super->spool, QUEUE_SPARE, id, O_RDONLY);
        struct stat status;
        /* One that was begun may be complete: start-up decides that. */
        if (fd >= 0 && fstat(fd, &status) == 0 && status.st_size == 0)
            (void)spool_remove(super->spool, QUEUE_SPARE, id); /* start-up would do it as well */
        fd_close(&fd);
    }
    scan_close(scan);
}

/* -s: a file that lies in another subfolder than hash_queue_names and hash_queue_depth want is brought there. */
static void check_structure(struct super *super)
{
    for (int queue = 0; queue < QUEUE_COUNT; queue++) {
        if (!(IN_ALL & 1u << queue))
            continue;
        struct scan *scan = scan_open(super->spool, (enum queue)queue);
        const char *id;
        while ((id = scan_next(scan)) != NULL) {
            struct stat found;
            struct stat expected;
            if (fstatat(scan_folder(scan), id, &found, AT_SYMLINK_NOFOLLOW) != 0
                || (spool_stat(super->spool, (enum queue)queue, id, &expected) && expected.st_ino == found.st_ino))
                continue;
            if (spool_adopt(super->spool, scan_folder(scan), (enum queue)queue, id))
                log_info("%s: moved to its place in the %s queue", id, spool_queue_name((enum queue)queue));
            else
                log_warning("%s queue, %s: %s", spool_queue_name((enum queue)queue), id, strerror(errno));
        }
        scan_close(scan);
    }
}

static bool manager_is_down(const struct config *config)
{
    struct str path = {0};

    str_printf(&path, "public/%s", config->queue_service_name);
    int socket = fd_connect_unix(str_text(&path), 1000);
    bool down = socket < 0;
    fd_close(&socket);
    str_free(&path);
    return down;
}

struct request {
    struct operation *operation;
    const char *id;
};

static _Noreturn void usage(void)
{
    log_fatal("usage: postsuper [-c config_dir] [-d queue_id (delete)] [-e queue_id (expire)] "
              "[-f queue_id (expire and/or un-hold)] [-h queue_id (hold)] [-H queue_id (un-hold)] [-p (purge temporary files)] "
              "[-r queue_id (requeue)] [-s (structure fix)] [-S (redundant structure fix)][-v (verbose)] [queue...]");
}

static unsigned parse_queues(int count, char **names)
{
    unsigned queues = 0;

    for (int i = 0; i < count; i++) {
        enum queue queue = spool_queue_named(names[i]);
        bool log_folder = text_equal(names[i], "defer") || text_equal(names[i], "bounce")
            || text_equal(names[i], "trace") || text_equal(names[i], "flush");
        bool is_maildrop = text_equal(names[i], "maildrop");
        /* Places are the queue manager's and its workers': nobody else takes one away. */
        if (queue == QUEUE_SPARE || (queue == QUEUE_COUNT && !log_folder && !is_maildrop))
            log_fatal("invalid directory name: %s", names[i]);
        queues |= queue != QUEUE_COUNT ? 1u << queue : is_maildrop ? IN_MAILDROP : IN_LOGS;
    }
    return queues;
}

static void run_request(struct super *super, const struct request *request)
{
    request->operation->used = true;
    errno = 0;
    if (text_equal(request->id, "ALL"))
        run_all(super, request->operation);
    else if (text_equal(request->id, "-"))
        run_from_input(super, request->operation);
    else
        run_named(super, request->operation, request->id);
}

/* -f counts as -e, and what it released as -H. */
static void print_counts(const struct super *super)
{
    struct operation *both = find_operation('f');

    if (both->used) {
        find_operation('H')->used = true;
        find_operation('H')->count += super->released;
        find_operation('e')->used = true;
        find_operation('e')->count += both->count;
        both->used = false;
    }
    for (size_t i = 0; i < COUNT_OF(operations); i++) {
        if (operations[i].used)
            log_info("%s: %lu message%s", operations[i].done, operations[i].count, operations[i].count == 1 ? "" : "s");
    }
}

int main(int argc, char **argv)
{
    struct request *requests = memory_zeroed((size_t)argc + 1, sizeof(*requests));
    size_t count = 0;
    const char *directory = NULL;
    bool structure = false;
    bool stale = false;
    int option;

    log_open("postfix", "postsuper");
    log_to_stderr(true);
    while ((option = getopt(argc, argv, "c:d:e:f:h:H:pr:sSv")) > 0) {
        switch (option) {
        case 'c': directory = optarg; break;
        case 'p': stale = true; break;
        case 's':
        case 'S': structure = true; break;
        case 'v': log_set_debug(log_debug_level() + 1); break;
        case '?': usage();
        default: requests[count++] = (struct request){ find_operation(option), optarg }; break;
        }
    }
    if (getuid() != 0 && geteuid() == 0)
        usage(); /* never set-uid */
    const struct config *config = command_config_load(directory, "postsuper", 1);
    log_to_stderr(true);
    struct stat queue;
    bool own_instance = stat(config->queue_directory, &queue) == 0 && queue.st_uid == getuid();
    if (getuid() != 0 && !own_instance)
        log_fatal("use of this command is reserved for the superuser");
    struct super super = { .config = config, .queues = parse_queues(argc - optind, argv + optind) };
    if (chdir(config->queue_directory) != 0 || (super.spool = spool_open(config)) == NULL)
        log_fatal("open queue folder %s: %s", config->queue_directory, strerror(errno));
    if (structure || count == 0)
        check_structure(&super);
    if (stale || count == 0)
        purge(&super, manager_is_down(config));
    for (size_t i = 0; i < count; i++)
        run_request(&super, &requests[i]);
    print_counts(&super);
    spool_close(super.spool);
    free(requests);
    return 0;
}
