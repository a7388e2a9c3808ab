#include "local/expand/expand.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "local/deliver/forwarding.h"
#include "local/deliver/run.h"
#include "local/deliver/store.h"
#include "local/expand/aliases.h"
#include "local/expand/list_file.h"
#include "local/expand/loop.h"
#include "local/expand/seen.h"
#include "local/expand/user.h"
#include "local/report.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/rewrite.h"
#include "util/sys/identity.h"

enum { DESTINATIONS_MAX = 100000 }; /* of one alias or file */

static struct step child_of(const struct step *parent)
{
    struct step child = *parent;

    child.parent = parent;
    child.depth = parent->depth + 1;
    return child;
}

/* Whether the text is new for those whose rights it is used with. */
static bool first_with_rights(struct delivery *delivery, const struct step *step, const char *kind, const char *text)
{
    return seen_first(delivery->seen, kind, arena_printf(delivery->order->arena, "%ld:%s", step->has_rights ? (long)step->uid : -1L, text));
}

/* --- :include: --- */

static void report_bad_include(struct delivery *delivery, const struct step *step)
{
    report(delivery, step, 550, "5.3.5", "mail system configuration error");
}

/* Opens it as its owner, or as nobody in particular when that is root. */
static int open_include(const struct delivery *delivery, struct step *step, const char *path, struct stat *status)
{
    if (step->account != NULL && !identity_become(step->uid, step->gid))
        return -1;
    if (stat(path, status) != 0) {
        log_warning("unable to lookup :include: file %s: %s", path, strerror(errno));
        return -1;
    }
    if (!S_ISREG(status->st_mode)) {
        log_warning(":include: file %s is not a regular file", path);
        return -1;
    }
    if (status->st_mode & S_IWOTH) {
        log_warning(":include: file %s is world writable", path);
        return -1;
    }
    if (step->account == NULL) {
        step->uid = status->st_uid == 0 ? delivery->local->default_uid : status->st_uid;
        step->gid = status->st_uid == 0 ? delivery->local->default_gid : status->st_gid;
        if (status->st_uid != 0 && !identity_become(step->uid, step->gid))
            return -1;
    }
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat opened;
    if (fd < 0) {
        log_warning("open file %s: %s", path, strerror(errno));
    } else if (fstat(fd, &opened) != 0 || !S_ISREG(opened.st_mode)) { /* it was another a moment ago */
        log_warning(":include: file %s is not a regular file", path);
        fd_close(&fd);
    }
    return fd;
}

static void include(struct delivery *delivery, const struct step *parent, const char *path)
{
    struct step step = child_of(parent);
    struct delivery_line line = { delivery, &step };
    struct stat status;

    while (text_is_space(*path))
        path++;
    if (*path != '/') {
        log_warning(":include:%s uses a relative path", path);
        report_bad_include(delivery, parent);
        return;
    }
    if (!first_with_rights(delivery, parent, "include", path))
        return;
    step.source = SOURCE_INCLUDE;
    step.left_aliases = true;
    int fd = open_include(delivery, &step, path, &status);
    identity_back();
    if (fd < 0) {
        report_bad_include(delivery, parent);
        return;
    }
    step.has_rights = true;
    long count = list_file_read(fd, (size_t)delivery->local->config->line_length_limit, DESTINATIONS_MAX, delivery->follow,
        &line);
    if (count < 0) {
        log_warning("read :include: file %s: %s", path, strerror(errno));
        report(delivery, parent, 450, "4.3.0", "cannot read :include: file");
    }
    fd_close(&fd);
}

/* --- addresses --- */

static void put_extension(const struct delivery *delivery, const struct step *parent, const char *address, struct str *out)
{
    const char *delimiters = delivery->local->config->recipient_delimiter;
    size_t local_length = address_local_length(address);

    str_put_bytes(out, address, local_length);
    if (*parent->unmatched != '\0' && (delivery->local->extensions_from & parent->source) && *delimiters != '\0') {
        /* As it was given: with the delimiter that it had. */
        size_t user_length = strlen(parent->user);
        str_put_char(out, *parent->extension == '\0' ? *delimiters : parent->local[user_length]);
        str_put(out, parent->unmatched);
    }
    str_put(out, address + local_length);
}

static void forward(struct delivery *delivery, const struct step *step)
{
    if (seen_first(delivery->seen, "forward", step->recipient.address))
        forwarding_add(delivery, step);
}

static void go_on_to(struct delivery *delivery, const struct step *parent, const char *text)
{
    const struct local *local = delivery->local;
    struct arena *arena = delivery->order->arena;
    struct step child = child_of(parent);
    struct route route;
    struct str address = {0};
    struct str extended = {0};

    rewrite_address(local->rewrite, REWRITE_LOCAL, *text == '\0' ? "MAILER-DAEMON" : text, &address);
    put_extension(delivery, parent, str_text(&address), &extended);
    child.recipient.address = arena_copy_text(arena, str_text(&extended));
    str_free(&address);
    str_free(&extended);
    child.recipient.notify &= ~(uint32_t)NOTIFY_SUCCESS; /* "alias expanded" was the success */
    if (child.recipient.notify == 0 && parent->recipient.notify != 0)
        child.recipient.notify = NOTIFY_NEVER;
    if (parent->is_listed) {
        child.recipient.original = child.recipient.address;
        child.recipient.dsn_orcpt = "";
    }
    if (router_resolve(local->router, parent->sender, child.recipient.address, arena, &route) != ROUTE_FOUND) {
        report(delivery, &child, 450, "4.3.0", "address resolver failure");
        return;
    }
    child.recipient.address = route.recipient;
    if (route.is_error && strstr(route.next_hop, "bad address syntax") != NULL)
        report(delivery, &child, 550, "5.1.3", "bad recipient address syntax: %s", route.recipient);
    else if (text_equal(route.transport, local->service))
        expand_recipient(delivery, &child);
    else
        forward(delivery, &child);
}

static void follow_destination(void *context, enum destination_kind kind, const char *text)
{
    const struct delivery_line *line = context;
    struct delivery *delivery = line->delivery;

    switch (kind) {
    case DESTINATION_FILE:
        if (first_with_rights(delivery, line->parent, "file", text))
            store_in_file(delivery, line->parent, arena_copy_text(delivery->order->arena, text));
        break;
    case DESTINATION_COMMAND:
        if (seen_first(delivery->seen, "command", arena_printf(delivery->order->arena, "%s:%s", line->parent->recipient.address, text)))
            run_destination(delivery, line->parent, arena_copy_text(delivery->order->arena, text));
        break;
    case DESTINATION_INCLUDE:
        include(delivery, line->parent, text);
        break;
    case DESTINATION_ADDRESS:
        go_on_to(delivery, line->parent, text);
        break;
    }
}

/* --- aliases --- */

static void only_address(void *context, enum destination_kind kind, const char *text)
{
    struct str *address = context;

    if (kind == DESTINATION_ADDRESS && address->length == 0)
        str_put(address, text);
}

/* list's owner-list, if it has one, gets the blame from here on. False: a table failed. */
static bool take_owner(struct delivery *delivery, struct step *step, const char *name)
{
    const struct local *local = delivery->local;
    struct str owner = {0};
    struct str value = {0};
    struct str sender = {0};
    struct str single = {0};
    uid_t uid;
    gid_t gid;

    str_printf(&owner, "owner-%s", name);
    enum table_result result = local->config->owner_request_special && !text_starts_with(name, "owner-")
        ? aliases_find(local->aliases, str_text(&owner), &value, &uid, &gid)
        : TABLE_ABSENT;
    if (result == TABLE_FOUND) {
        if (local->config->expand_owner_alias
            && destination_parse(str_text(&value), 2, only_address, &single) == 1 && single.length > 0) {
            str_clear(&owner);
            str_put(&owner, str_text(&single));
        }
        rewrite_address(local->rewrite, REWRITE_LOCAL, str_text(&owner), &sender);
        step->owner = step->sender = arena_copy_text(delivery->order->arena, str_text(&sender));
        step->is_listed = true;
        delivery->has_owner = true;
    } else if (local->config->reset_owner_alias) {
        step->owner = NULL;
    }
    str_free(&owner);
    str_free(&value);
    str_free(&sender);
    str_free(&single);
    return result != TABLE_FAILED;
}

static bool is_own_expansion(const struct step *step, const char *name)
{
    return step->parent != NULL && step->expanding != NULL && text_equal(step->expanding, name);
}

static bool is_loop(const struct step *step)
{
    for (const struct step *above = step->parent; above != NULL; above = above->parent) {
        if (text_equal_nocase(above->recipient.address, step->recipient.address))
            return true;
    }
    return false;
}

static void expand_alias(struct delivery *delivery, const struct step *step, const char *name, const char *value, uid_t uid,
    gid_t gid)
{
    struct step inside = *step;
    struct delivery_line line = { delivery, &inside };

    delivery->expanded = true;
    if (!seen_first(delivery->seen, "alias", step->recipient.address))
        return;
    if (!take_owner(delivery, &inside, name)) {
        report(delivery, step, 450, "4.3.0", "alias database unavailable");
        return;
    }
    inside.source = SOURCE_ALIAS;
    inside.expanding = name;
    inside.unmatched = text_equal(name, step->local) ? "" : step->extension;
    inside.account = NULL;
    inside.uid = uid == 0 ? delivery->local->default_uid : uid;
    inside.gid = uid == 0 ? delivery->local->default_gid : gid;
    inside.has_rights = true;
    if (destination_parse(value, DESTINATIONS_MAX, follow_destination, &line) == 0)
        follow_destination(&line, DESTINATION_ADDRESS, ""); /* like an empty address anywhere: the postmaster's */
}

/* True: the recipient was an alias (or a table failed), and everything is done. */
static bool try_alias(struct delivery *delivery, const struct step *step)
{
    const char *const names[] = { step->local, step->user };
    struct arena *arena = delivery->order->arena;
    struct str value = {0};
    uid_t uid = 0;
    gid_t gid = 0;

    for (size_t i = 0; i < 2; i++) {
        if ((i == 1 && text_equal(step->user, step->local)) || is_own_expansion(step, names[i]) || *names[i] == '\0')
            continue;
        enum table_result result = aliases_find(delivery->local->aliases, names[i], &value, &uid, &gid);
        if (result == TABLE_ABSENT)
            continue;
        const char *text = result == TABLE_FOUND ? arena_copy_text(arena, str_text(&value)) : NULL;
        str_free(&value);
        if (result == TABLE_FAILED) {
            report(delivery, step, 450, "4.3.0", "alias database unavailable");
        } else if (is_loop(step)) {
            log_warning("alias database loop for %s", names[i]);
            report(delivery, step, 550, "5.4.6", "alias database loop for %s", names[i]);
        } else {
            expand_alias(delivery, step, names[i], text, uid, gid);
        }
        return true;
    }
    str_free(&value);
    return false;
}

/* --- recipients --- */

static void split_address(const struct delivery *delivery, struct step *step)
{
    const struct config *config = delivery->local->config;
    struct arena *arena = delivery->order->arena;
    const char *address = step->recipient.address;
    const char *domain = address_domain(address);
    size_t length = address_local_length(address);
    char *local = arena_copy_bytes(arena, address, length);

    text_lower(local);
    size_t user_length = address_user_length(local, length, config->recipient_delimiter, config->owner_request_special);
    step->local = local;
    step->user = arena_copy_bytes(arena, local, user_length);
    step->extension = user_length < length ? arena_copy_text(arena, local + user_length + 1) : "";
    if (strchr(step->extension, '/') != NULL) { /* it may become part of a file's name */
        log_warning("%s: address with illegal extension: %s", delivery->order->queue_id, local);
        step->extension = "";
    }
    step->domain = domain == NULL ? "" : domain;
    step->unmatched = "";
}

/* Whether the mail stays in this process: aliases without an owner, and a user's own name in the user's .forward (not in a
 * list that it includes). Everything else goes through the queue, where each recipient has a record of its own. */
static bool stays_here(const struct step *step)
{
    switch (step->source) {
    case SOURCE_NONE:
    case SOURCE_ALIAS:
        return step->owner == NULL && !step->left_aliases;
    case SOURCE_FORWARD:
        return step->expanding != NULL && text_equal(step->expanding, step->user);
    case SOURCE_INCLUDE:
        return false;
    }
    return false;
}

void expand_recipient(struct delivery *delivery, struct step *step)
{
    delivery->follow = follow_destination;
    split_address(delivery, step);
    if (step->depth > STEP_DEPTH_MAX) {
        log_warning("alias database loop for %s", step->user);
        report(delivery, step, 550, "5.4.6", "alias database loop for %s", step->user);
        return;
    }
    if (loop_is_here(delivery, step->recipient.address)) {
        report(delivery, step, 550, "5.4.6", "mail forwarding loop for %s", step->recipient.address);
        return;
    }
    const char *inherited = step->delivered_to;
    if (!delivery->local->config->frozen_delivered_to)
        step->delivered_to = step->recipient.address;
    if (try_alias(delivery, step))
        return;
    if (stays_here(step)) {
        user_deliver(delivery, step);
    } else {
        step->delivered_to = inherited;
        forward(delivery, step);
    }
}
