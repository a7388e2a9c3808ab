#include "local/expand/user.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "local/deliver/macros.h"
#include "local/deliver/run.h"
#include "local/deliver/store.h"
#include "local/expand/account.h"
#include "local/expand/list_file.h"
#include "local/expand/seen.h"
#include "local/report.h"
#include "qmgr/client/agent_pass.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/identity.h"

enum { DESTINATIONS_MAX = 10000 };

/* --- .forward --- */

/* As the user. -1: there is no such file, or none that may be used. */
static int open_forward(const struct account *account, const char *path, bool *exists)
{
    struct stat status;

    *exists = false;
    if (lstat(path, &status) != 0) {
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
            log_warning("file %s: %s", path, strerror(errno));
        return -1;
    }
    *exists = true;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        log_warning("cannot open file %s: %s", path, strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        log_warning("file %s is not a regular file", path);
    } else if (status.st_uid != 0 && status.st_uid != account->uid) {
        log_warning("file %s has bad owner uid %ld", path, (long)status.st_uid);
    } else if (status.st_mode & S_IWOTH) {
        log_warning("file %s is world writable", path);
    } else {
        return fd;
    }
    fd_close(&fd);
    return -1;
}

/* Reads the file. True: it has destinations. */
static bool follow(struct delivery *delivery, const struct step *step, int fd, bool has_extension)
{
    struct step inside = *step;
    struct delivery_line line = { delivery, &inside };

    inside.source = SOURCE_FORWARD;
    inside.left_aliases = true;
    inside.expanding = step->account->name;
    inside.unmatched = has_extension ? "" : step->extension;
    bool root = step->account->uid == 0; /* nothing that a file asks for is done as root */
    inside.uid = root ? delivery->local->default_uid : step->account->uid;
    inside.gid = root ? delivery->local->default_gid : step->account->gid;
    inside.has_rights = true;
    bool was_expanded = delivery->expanded;
    delivery->expanded = true;
    long count = list_file_read(fd, (size_t)delivery->local->config->line_length_limit, DESTINATIONS_MAX,
        delivery->follow, &line);
    if (count < 0) {
        log_warning("read .forward file of %s: %s", step->account->name, strerror(errno));
        report(delivery, step, 450, "4.3.0", "cannot read .forward file");
    } else if (count == 0) {
        delivery->expanded = was_expanded;
    }
    return count != 0;
}

/* Most users have none. Root needn't become the user to see that; whatever else root is told, the user's eyes decide. */
static bool is_surely_absent(const char *path)
{
    struct stat status;

    return identity_is_privileged() && lstat(path, &status) != 0 && errno == ENOENT;
}

/* Opens it as the user. -1: there is none, or it mustn't be used. */
static int open_as_user(const struct account *account, const char *path, bool *exists)
{
    int fd = -1;

    if (is_surely_absent(path))
        return -1;
    if (identity_become(account->uid, account->gid))
        fd = open_forward(account, path, exists);
    identity_back();
    return fd;
}

/* Looks for the file. -1: there is none, or the first that is there mustn't be used. */
static int find_forward(const struct delivery *delivery, const struct step *step, bool *has_extension)
{
    const struct config *config = delivery->local->config;
    const char *list = config->forward_path;
    const char *word;
    size_t length;
    struct str path = {0};
    struct macros_use use;
    bool exists = false;
    int fd = -1;

    while (fd < 0 && !exists && text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        str_clear(&path);
        const char *text = arena_copy_bytes(delivery->order->arena, word, length);
        if (!macros_expand(delivery, step, text, config->forward_expansion_filter, &path, &use) || use.lacks_value
            || *str_text(&path) != '/')
            continue; /* names that are meant for other addresses */
        *has_extension = use.extension;
        fd = open_as_user(step->account, str_text(&path), &exists);
    }
    str_free(&path);
    return fd;
}

static bool try_forward(struct delivery *delivery, const struct step *step)
{
    bool has_extension = false;

    if (step->parent != NULL && step->parent->source == SOURCE_FORWARD)
        return false; /* own name in own file */
    int fd = find_forward(delivery, step, &has_extension);
    if (fd < 0)
        return false;
    bool followed = follow(delivery, step, fd, has_extension);
    fd_close(&fd);
    return followed;
}

/* --- other transports --- */

/* "transport:nexthop" takes over. */
static void hand_over(struct delivery *delivery, const struct step *step, const char *destination)
{
    const struct local *local = delivery->local;
    struct arena *arena = delivery->order->arena;
    const char *colon = strchr(destination, ':');
    size_t length = colon == NULL ? strlen(destination) : (size_t)(colon - destination);
    const char *next_hop = colon == NULL || colon[1] == '\0' ? delivery->order->next_hop : arena_copy_text(arena, colon + 1);
    const char *transport = arena_copy_bytes(arena, destination, length);
    const char *path = worker_socket_path(local->worker, arena_printf(arena, "private/%s", transport));
    struct agent_result result;

    report_waiting(delivery);
    if (step->parent == NULL && !delivery->expanded) {
        if (!agent_pass(delivery->agent, delivery->order, delivery->target, path, next_hop) && !delivery->target->reported)
            report(delivery, step, 450, "4.3.0", "mail transport unavailable");
    } else if (agent_pass_for(delivery->order, &step->recipient, step->sender, path, next_hop, &result)) {
        agent_note_part(delivery->agent, delivery->order, delivery->target, &step->recipient, &result);
        delivery->deferred |= result.code >= 400 && result.code < 500;
    } else {
        report(delivery, step, 450, "4.3.0", "mail transport unavailable");
    }
}

/* What a table says for the user, or else the parameter. NULL: nothing. *failed: the table can't be asked; that was reported. */
static const char *choose(struct delivery *delivery, const struct step *step, struct maps *maps, const char *parameter,
    bool *failed)
{
    const char *choice = *parameter == '\0' ? NULL : parameter;
    struct str value = {0};

    if (!maps_is_empty(maps)) {
        enum table_result result = maps_find(maps, step->user, &value, NULL);
        if (result == TABLE_FOUND)
            choice = arena_copy_text(delivery->order->arena, str_text(&value));
        *failed = result == TABLE_FAILED;
        if (*failed)
            report(delivery, step, 450, "4.3.0", "table lookup failure");
    }
    str_free(&value);
    return choice;
}

/* True: done. */
static bool try_transport(struct delivery *delivery, const struct step *step, struct maps *maps, const char *parameter)
{
    bool failed = false;
    const char *destination = choose(delivery, step, maps, parameter, &failed);

    if (!failed && destination == NULL)
        return false;
    if (!failed)
        hand_over(delivery, step, destination);
    return true;
}

/* --- mailboxes --- */

static bool home_is_there(struct delivery *delivery, const struct step *step)
{
    const struct account *account = step->account;
    struct stat status;

    if (!delivery->local->config->require_home_directory)
        return true;
    bool there = identity_become(account->uid, account->gid) && stat(account->home, &status) == 0;
    int error = errno;
    identity_back();
    if (!there)
        report(delivery, step, 450, "4.3.0", "cannot access home directory %s: %s", account->home, strerror(error));
    return there;
}

static void deliver_to_account(struct delivery *delivery, const struct step *step)
{
    const struct local *local = delivery->local;
    bool failed = false;
    const char *command = choose(delivery, step, local->mailbox_command_maps, local->config->mailbox_command, &failed);

    if (failed)
        return;
    if (command != NULL)
        run_mailbox_command(delivery, step, command);
    else
        store_in_mailbox(delivery, step);
}

/* --- nobody --- */

static bool is_required(const char *name)
{
    return text_equal(name, "mailer-daemon") || text_equal(name, "postmaster");
}

static bool try_relay(struct delivery *delivery, const struct step *step)
{
    const char *relay = delivery->local->config->luser_relay;
    struct step inside = *step;
    struct delivery_line line = { delivery, &inside };
    struct str address = {0};

    if (*relay == '\0' || (step->parent != NULL && step->expanding == NULL))
        return false;
    if (!macros_expand(delivery, step, relay, NULL, &address, NULL)) {
        report(delivery, step, 450, "4.3.5", "mail system configuration error");
        str_free(&address);
        return true;
    }
    inside.source = SOURCE_NONE;
    inside.expanding = NULL;
    delivery->expanded = true;
    delivery->follow(&line, DESTINATION_ADDRESS, str_text(&address));
    str_free(&address);
    return true;
}

static void deliver_to_nobody(struct delivery *delivery, const struct step *step)
{
    const struct local *local = delivery->local;

    if (try_transport(delivery, step, local->fallback_transport_maps, local->config->fallback_transport))
        return;
    if (is_required(step->user)) {
        log_warning("required alias not found: %s", step->user);
        report(delivery, step, 250, "2.0.0", "discarded");
        return;
    }
    if (!try_relay(delivery, step))
        report(delivery, step, 550, "5.1.1", "unknown user: \"%s\"", step->user);
}

void user_deliver(struct delivery *delivery, struct step *step)
{
    const struct local *local = delivery->local;
    const struct account *account = NULL;
    enum table_result result = account_find(step->user, delivery->order->arena, &account);

    if (result == TABLE_FAILED) {
        report(delivery, step, 450, "4.3.0", "cannot find alias or user database entry");
        return;
    }
    step->account = account;
    if (account != NULL) {
        step->uid = account->uid;
        step->gid = account->gid;
        step->has_rights = true;
        if (!home_is_there(delivery, step) || try_forward(delivery, step))
            return;
    }
    if (!seen_first(delivery->seen, "mailbox", step->local))
        return;
    if (try_transport(delivery, step, local->mailbox_transport_maps, local->config->mailbox_transport))
        return;
    if (account != NULL)
        deliver_to_account(delivery, step);
    else
        deliver_to_nobody(delivery, step);
}
