/* local.c: local(8): delivers to aliases, .forward files, mailboxes and commands of this host's users. */
#include "local/delivery.h"

#include <pwd.h>
#include <string.h>
#include <sys/stat.h>

#include "local/deliver/forwarding.h"
#include "local/deliver/store_maildir.h"
#include "local/expand/aliases.h"
#include "local/expand/expand.h"
#include "local/expand/seen.h"
#include "local/report.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sys/identity.h"

struct word {
    const char *text;
    unsigned bit;
};

/* The bits of a list's words. Others are meant for somebody else (propagate_unmatched_extensions) or wrong. */
static unsigned parse_words(const char *title, const char *list, const struct word *words, size_t count, bool strict)
{
    const char *word;
    size_t length;
    unsigned bits = 0;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        unsigned bit = 0;
        for (size_t i = 0; i < count; i++) {
            if (strlen(words[i].text) == length && memcmp(words[i].text, word, length) == 0)
                bit = words[i].bit;
        }
        if (bit == 0 && strict)
            log_fatal("unknown %s value: %.*s", title, (int)length, word);
        bits |= bit;
    }
    return bits;
}

static void read_lists(struct local *local)
{
    static const struct word sources[] = {
        { "alias", SOURCE_ALIAS }, { "forward", SOURCE_FORWARD }, { "include", SOURCE_INCLUDE },
    };
    static const struct word prepends[] = {
        { "command", PREPEND_COMMAND }, { "file", PREPEND_FILE }, { "forward", PREPEND_FORWARD },
    };
    const struct config *config = local->config;
    struct str bad = {0};

    local->commands_from = parse_words("allow_mail_to_commands", config->allow_mail_to_commands, sources, COUNT_OF(sources), true);
    local->files_from = parse_words("allow_mail_to_files", config->allow_mail_to_files, sources, COUNT_OF(sources), true);
    local->extensions_from = parse_words("", config->propagate_unmatched_extensions, sources, COUNT_OF(sources), false);
    local->prepend = parse_words("prepend_delivered_header", config->prepend_delivered_header, prepends, COUNT_OF(prepends), true);
    local->lock = (struct mailbox_lock){
        .attempts = config->deliver_lock_attempts,
        .delay_s = config->deliver_lock_delay,
        .stale_s = config->stale_lock_time,
    };
    if (!mailbox_lock_parse(config->mailbox_delivery_lock, &local->lock.ways, &bad))
        log_fatal("unknown mailbox_delivery_lock value: %s", str_text(&bad));
    str_free(&bad);
}

static void find_default_rights(struct local *local)
{
    const struct passwd *entry = getpwnam(local->config->default_privs);

    if (entry == NULL)
        log_fatal("file %s/main.cf: parameter default_privs: unknown user name value: %s", local->config->config_directory,
            local->config->default_privs);
    if (entry->pw_uid == 0)
        log_fatal("file %s/main.cf: parameter default_privs: privileged user: %s", local->config->config_directory,
            local->config->default_privs);
    local->default_uid = entry->pw_uid;
    local->default_gid = entry->pw_gid;
}

static void check_sizes(const struct config *config)
{
    if (config->mailbox_size_limit > 0
        && (config->message_size_limit == 0 || config->mailbox_size_limit < config->message_size_limit))
        log_fatal("main.cf configuration error: mailbox_size_limit is smaller than message_size_limit");
}

static void open_tables(struct local *local)
{
    const struct config *config = local->config;
    unsigned flags = TABLE_FOLD | TABLE_NO_SUBSTITUTION | TABLE_UTF8;
    const struct config *cleanup = worker_config_of(local->worker, config->cleanup_service_name, "cleanup");

    local->rewrite = worker_config_of(local->worker, config->rewrite_service_name, "trivial-rewrite");
    local->aliases = aliases_open(config);
    local->mailbox_transport_maps = maps_open(config, "mailbox_transport_maps", config->mailbox_transport_maps, flags);
    local->mailbox_command_maps = maps_open(config, "mailbox_command_maps", config->mailbox_command_maps, flags);
    local->fallback_transport_maps = maps_open(config, "fallback_transport_maps", config->fallback_transport_maps, flags);
    local->status_filter = maps_open(config, "local_delivery_status_filter", config->local_delivery_status_filter, 0);
    agent_use_status_filter(local->status_filter);
    local->router = router_open(local->rewrite);
    local->intake = intake_open(cleanup, local->rewrite, worker_socket_path(local->worker, "private/intake"), local->service);
}

static bool tables_have_changed(void *context)
{
    const struct local *local = context;

    return aliases_have_changed(local->aliases) || maps_have_changed(local->mailbox_transport_maps)
        || maps_have_changed(local->mailbox_command_maps) || maps_have_changed(local->fallback_transport_maps)
        || router_has_changed(local->router) || intake_tables_have_changed(local->intake);
}

static void release(struct delivery *delivery)
{
    seen_free(delivery->seen);
    if (delivery->delivered_to != NULL)
        str_free(delivery->delivered_to);
}

/* What waited has been reported. The order is finished here when it isn't the one that is being worked on. */
static void end_waiting(struct delivery *delivery)
{
    release(delivery);
    agent_takes_riders(delivery->agent, MAILDIR_BATCH_MAX - 1);
    if (delivery->order != delivery->local->current && agent_is_reported(delivery->order))
        (void)agent_finish(delivery->agent, delivery->order, "", NULL); /* failure shows with the next order */
}

static void deliver(const struct local *local, struct agent *agent, struct order *order, struct agent_target *target)
{
    struct delivery *delivery = arena_allocate(order->arena, sizeof(*delivery));
    struct step step = {
        .recipient = target->recipient,
        .sender = order->envelope.sender,
        .delivered_to = target->recipient.address,
    };

    *delivery = (struct delivery){
        .local = local,
        .agent = agent,
        .order = order,
        .target = target,
        .verify = text_equal(order->kind, "verify"),
        .seen = seen_new((size_t)local->config->duplicate_filter_limit),
        .end = end_waiting,
    };
    expand_recipient(delivery, &step);
    if (delivery->waits)
        return;
    forwarding_finish(delivery, &step);
    report_end(delivery);
    release(delivery);
}

/* Orders that came along with others may wait for each other's mail to become durable, and are finished then. */
static void serve(struct local *local, struct agent *agent)
{
    struct order *order;
    bool good = true;

    agent_watch(agent, tables_have_changed, local);
    while (good && (order = agent_receive(agent, local->config->max_idle)) != NULL) {
        local->current = order;
        for (size_t i = 0; i < order->target_count; i++)
            deliver(local, agent, order, &order->targets[i]);
        local->current = NULL;
        if (agent_is_reported(order))
            good = agent_finish(agent, order, "", NULL);
        if (!agent_has_next(agent)) {
            maildir_batch_settle(local->waiting);
            good = good && !tables_have_changed(local);
        }
    }
    maildir_batch_settle(local->waiting);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "local");
    struct local local = { .worker = worker, .config = worker_config(worker), .service = worker_service(worker),
        .waiting = maildir_batch_new(store_maildir_done) };
    struct client *client;

    agent_use_config(local.config);
    check_sizes(local.config);
    read_lists(&local);
    find_default_rights(&local);
    open_tables(&local);
    worker_confine(worker, CONFINE_DELIVERY);
    identity_start();
    while (!tables_have_changed(&local) && (client = worker_accept(worker)) != NULL) {
        struct agent *agent = agent_open(client->fd);
        agent_finishes_at_once(agent);
        client->fd = -1;
        serve(&local, agent);
        agent_close(agent);
        client_close(client);
    }
    maildir_batch_free(local.waiting);
    intake_close(local.intake);
    router_close(local.router);
    aliases_close(local.aliases);
    maps_close(local.mailbox_transport_maps);
    maps_close(local.mailbox_command_maps);
    maps_close(local.fallback_transport_maps);
    maps_close(local.status_filter);
    return worker_stop(worker);
}
