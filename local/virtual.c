/* virtual.c: virtual(8): delivers to mailboxes that tables name, with the rights that tables say. */
#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "local/mailbox/maildir_batch.h"
#include "local/mailbox/mbox.h"
#include "master/worker/worker.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address_find.h"
#include "util/sys/identity.h"

struct virtual {
    const struct config *config;
    const char *service;
    struct maps *mailboxes;
    struct maps *uids;
    struct maps *gids;
    struct mailbox_lock lock;
    struct maildir_batch *waiting; /* struct task: deliveries that are to be made durable together */
    const struct order *current;   /* the one being worked on; NULL: none */
};

/* One recipient of an order; lives in its arena. */
struct task {
    const struct virtual *virtual;
    struct agent *agent;
    struct order *order;
    struct agent_target *target;
    uid_t uid;
    gid_t gid;
};

static void report(const struct task *task, int code, const char *status, const char *why)
{
    maildir_batch_settle(task->virtual->waiting); /* verdicts go out in the order in which orders came */
    agent_report(task->agent, task->order, task->target, &(struct agent_result){
        .code = code,
        .status = status,
        .why = why,
        .relay = task->virtual->service,
    });
}

static void report_bad_configuration(const struct task *task)
{
    report(task, 450, "4.3.5", "mail system configuration error");
}

/* --- look-ups --- */

static enum table_result find(const struct task *task, struct maps *maps, struct str *value)
{
    const struct config *config = task->virtual->config;
    struct address_find find = {
        .maps = maps,
        .delimiters = config->recipient_delimiter,
        .owner_special = config->owner_request_special,
        .forms = FIND_FULL | FIND_NO_EXTENSION | FIND_AT_DOMAIN,
    };

    return address_find(&find, task->target->recipient.address, value, NULL, NULL);
}

static bool find_id(const struct task *task, struct maps *maps, const char *title, uint64_t least, uint64_t *id)
{
    const char *address = task->target->recipient.address;
    struct str value = {0};
    bool good = false;
    enum table_result result = find(task, maps, &value);

    if (result != TABLE_FOUND)
        log_warning("recipient %s: not found in %s", address, title);
    else if (result == TABLE_FOUND && !number_parse_u64(str_text(&value), UINT32_MAX - 1, id))
        log_warning("recipient %s: bad %s %s in %s", address, least > 0 ? "uid" : "gid", str_text(&value), title);
    else if (result == TABLE_FOUND && (*id < least || *id == 0))
        log_warning("recipient %s: bad %s %s in %s", address, least > 0 ? "uid" : "gid", str_text(&value), title);
    else
        good = result == TABLE_FOUND;
    str_free(&value);
    if (!good)
        report_bad_configuration(task);
    return good;
}

/* --- delivery --- */

static struct mail make_mail(const struct task *task)
{
    const struct recipient *recipient = &task->target->recipient;

    return (struct mail){
        .order = task->order,
        .sender = task->order->envelope.sender,
        .original = task->virtual->config->enable_original_recipient ? recipient->original : "",
        .delivered_to = recipient->address,
    };
}

/* Only who is over quota hears of it; everything else may be put right in time. */
static void report_failure(const struct task *task, int error, const char *what, const struct str *why)
{
    bool over = error == EFBIG || error == EDQUOT;
    const char *text = arena_printf(task->order->arena, "%s%s", what, str_text(why));

    if (over)
        report(task, 550, "5.2.2", text);
    else
        report(task, 450, error == ENOSPC || error == EILSEQ || error == EIO ? "4.3.0" : "4.2.0", text);
}

static void maildir_done(void *owner, int error, const char *why)
{
    const struct task *task = owner;
    struct str text = {0};

    if (error == 0) {
        report(task, 250, "2.0.0", "delivered to maildir");
    } else {
        if (error == EACCES) {
            log_warning("maildir access problem for UID/GID=%lu/%lu: %s", (unsigned long)task->uid, (unsigned long)task->gid, why);
            log_warning("perhaps you need to create the maildirs in advance");
        }
        str_set(&text, why);
        report_failure(task, error, "maildir delivery failed: ", &text);
        str_free(&text);
    }
    agent_takes_riders(task->agent, MAILDIR_BATCH_MAX - 1);
    if (task->order != task->virtual->current && agent_is_reported(task->order))
        (void)agent_finish(task->agent, task->order, "", NULL); /* failure shows with the next order */
}

static void deliver_to_maildir(struct task *task, const char *path, uid_t uid, gid_t gid)
{
    struct mail mail = make_mail(task);

    task->uid = uid;
    task->gid = gid;
    maildir_batch_add(task->virtual->waiting, &(struct maildir_order){
        .path = path,
        .uid = uid,
        .gid = gid,
        .limit_bytes = task->virtual->config->virtual_mailbox_limit,
    }, &mail, task);
}

static void deliver_to_mbox(const struct task *task, const char *path, uid_t uid, gid_t gid)
{
    const struct config *config = task->virtual->config;
    struct mbox mbox = {
        .path = path,
        .uid = uid,
        .gid = gid,
        .folder_uid = uid,
        .folder_gid = gid,
        .strict_owner = config->strict_mailbox_ownership,
        .limit_bytes = config->virtual_mailbox_limit,
        .lock = task->virtual->lock,
    };
    struct mail mail = make_mail(task);
    struct str why = {0};

    maildir_batch_settle(task->virtual->waiting); /* this one may have to wait for a lock */
    (void)agent_flush(task->agent);               /* failure shows with the next order */
    if (mbox_deliver(&mail, &mbox, NULL, &why)) {
        report(task, 250, "2.0.0", "delivered to mailbox");
    } else {
        int error = errno;
        struct str what = {0};
        str_printf(&what, "delivery failed to mailbox %s: ", path);
        report_failure(task, error, str_text(&what), &why);
        str_free(&what);
    }
    str_free(&why);
}

static void deliver_to(struct task *task, const char *place)
{
    const struct config *config = task->virtual->config;
    struct str path = {0};
    uint64_t uid;
    uint64_t gid;

    if (!find_id(task, task->virtual->uids, "virtual_uid_maps", (uint64_t)config->virtual_minimum_uid, &uid)
        || !find_id(task, task->virtual->gids, "virtual_gid_maps", 0, &gid))
        return;
    if (*config->virtual_mailbox_base != '\0')
        str_printf(&path, "%s/", config->virtual_mailbox_base);
    str_put(&path, place);
    bool maildir = text_ends_with(str_text(&path), "/");
    if (text_equal(task->order->kind, "verify"))
        report(task, 250, "2.0.0", maildir ? "delivers to maildir" : "delivers to mailbox");
    else if (maildir)
        deliver_to_maildir(task, str_text(&path), (uid_t)uid, (gid_t)gid);
    else
        deliver_to_mbox(task, str_text(&path), (uid_t)uid, (gid_t)gid);
    str_free(&path);
}

static void deliver(struct task *task)
{
    struct str place = {0};

    switch (find(task, task->virtual->mailboxes, &place)) {
    case TABLE_ABSENT:
        report(task, 550, "5.1.1",
            arena_printf(task->order->arena, "unknown user: \"%s\"", task->target->recipient.address));
        break;
    case TABLE_FAILED:
        log_warning("table virtual_mailbox_maps: lookup %s: Application error", task->target->recipient.address);
        report_bad_configuration(task);
        break;
    case TABLE_FOUND:
        deliver_to(task, str_text(&place));
        break;
    }
    str_free(&place);
}

/* --- the process --- */

static void read_parameters(struct virtual *virtual)
{
    const struct config *config = virtual->config;
    struct str bad = {0};

    if (config->virtual_mailbox_limit > 0
        && (config->message_size_limit == 0 || config->virtual_mailbox_limit < config->message_size_limit))
        log_fatal("main.cf configuration error: virtual_mailbox_limit is smaller than message_size_limit");
    virtual->lock = (struct mailbox_lock){
        .attempts = config->deliver_lock_attempts,
        .delay_s = config->deliver_lock_delay,
        .stale_s = config->stale_lock_time,
    };
    if (!mailbox_lock_parse(config->virtual_mailbox_lock, &virtual->lock.ways, &bad))
        log_fatal("unknown virtual_mailbox_lock value: %s", str_text(&bad));
    str_free(&bad);
}

/* Never through proxymap: who can answer for it could have mail written anywhere. */
static const char *without_proxy(struct str *list, const char *names)
{
    const char *word;
    size_t length;

    while (text_next_word_braced(&names, TEXT_LIST_SEPARATORS, &word, &length)) {
        size_t skip = length > 6 && strncmp(word, "proxy:", 6) == 0 ? 6 : 0;
        if (list->length > 0)
            str_put_char(list, ' ');
        str_put_bytes(list, word + skip, length - skip);
    }
    return str_text(list);
}

static struct maps *open_maps(const struct config *config, const char *title, const char *names)
{
    struct str list = {0};
    struct maps *maps = maps_open(config, title, without_proxy(&list, names),
        TABLE_FOLD | TABLE_NO_SUBSTITUTION | TABLE_UTF8);

    str_free(&list);
    return maps;
}

static bool tables_have_changed(void *context)
{
    const struct virtual *virtual = context;

    return maps_have_changed(virtual->mailboxes) || maps_have_changed(virtual->uids) || maps_have_changed(virtual->gids);
}

static void deliver_order(struct virtual *virtual, struct agent *agent, struct order *order)
{
    virtual->current = order;
    for (size_t i = 0; i < order->target_count; i++) {
        struct task *task = arena_allocate(order->arena, sizeof(*task));
        *task = (struct task){ .virtual = virtual, .agent = agent, .order = order, .target = &order->targets[i] };
        deliver(task);
    }
    virtual->current = NULL;
}

/* Orders that came along with others may wait for each other's mail to become durable, and are finished then. */
static void serve(struct virtual *virtual, struct agent *agent)
{
    struct order *order;
    bool good = true;

    agent_watch(agent, tables_have_changed, virtual);
    while (good && (order = agent_receive(agent, virtual->config->max_idle)) != NULL) {
        deliver_order(virtual, agent, order);
        if (agent_is_reported(order))
            good = agent_finish(agent, order, "", NULL);
        if (!agent_has_next(agent)) {
            maildir_batch_settle(virtual->waiting);
            good = good && !tables_have_changed(virtual);
        }
    }
    maildir_batch_settle(virtual->waiting);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "virtual");
    const struct config *config = worker_config(worker);
    struct virtual virtual = { .config = config, .service = worker_service(worker), .waiting = maildir_batch_new(maildir_done) };
    struct client *client;

    agent_use_config(config);
    read_parameters(&virtual);
    virtual.mailboxes = open_maps(config, "virtual_mailbox_maps", config->virtual_mailbox_maps);
    virtual.uids = open_maps(config, "virtual_uid_maps", config->virtual_uid_maps);
    virtual.gids = open_maps(config, "virtual_gid_maps", config->virtual_gid_maps);
    struct maps *status_filter = maps_open(config, "virtual_delivery_status_filter", config->virtual_delivery_status_filter, 0);
    agent_use_status_filter(status_filter);
    worker_confine(worker, CONFINE_DELIVERY);
    identity_start();
    while (!tables_have_changed(&virtual) && (client = worker_accept(worker)) != NULL) {
        struct agent *agent = agent_open(client->fd);
        agent_finishes_at_once(agent);
        client->fd = -1;
        serve(&virtual, agent);
        agent_close(agent);
        client_close(client);
    }
    maildir_batch_free(virtual.waiting);
    maps_close(virtual.mailboxes);
    maps_close(virtual.uids);
    maps_close(virtual.gids);
    maps_close(status_filter);
    return worker_stop(worker);
}
