/* postqueue.c: what users may do with the queue (postqueue(1)): list it, ask for delivery now. Set-gid, so that it reaches public/;
 * authorized_mailq_users and authorized_flush_users say who may. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/client/pickup_wake.h"
#include "qmgr/spool/queue_id.h"
#include "qmgr/tool/listing.h"
#include "qmgr/tool/queue_print.h"
#include "qmgr/tool/showq_messages.h"
#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/net/host_name.h"
#include "util/table/match_list.h"
#include "util/tool/command_config.h"

enum { EX_UNAVAILABLE_ = 69, EX_TEMPFAIL_ = 75 };

/* --- who may --- */

static void check_user(const struct config *config, const char *title, const char *users, const char *what)
{
    uid_t uid = getuid();
    const struct passwd *entry = getpwuid(uid);
    const char *name = entry == NULL ? "unknown" : entry->pw_name;

    if (uid == 0)
        return;
    struct match_list *list = match_list_open(config, title, users);
    if (match_list_text(list, name) != TABLE_FOUND)
        log_fatal_status(EX_UNAVAILABLE_, "User %s(%ld) is not allowed to %s", name, (long)uid, what);
    match_list_close(list);
}

/* --- listing --- */

static void print_recipient(void *context, const char *address, const char *why)
{
    queue_print_recipient(context, address, why);
}

static bool print_direct(void *context, const struct listing_entry *entry)
{
    struct queue_print *print = context;

    queue_print_entry(print, entry->queue, entry->queue_id, entry->arrival_s, entry->size_bytes,
        entry->forced_expire, entry->envelope.sender);
    listing_recipients(entry, print_recipient, print);
    queue_print_entry_end(print);
    return true;
}

/* One message of the listing. False: the end, or trouble. */
static bool print_message(struct ipc_channel *channel, unsigned type, struct queue_print *print, bool *open)
{
    struct showq_entry entry;
    struct showq_recipient recipient;

    if (type == showq_recipient_type && *open && showq_recipient_decode(channel, &recipient)) {
        queue_print_recipient(print, recipient.address, recipient.why);
        return true;
    }
    if (*open)
        queue_print_entry_end(print);
    *open = false;
    if (type != showq_entry_type || !showq_entry_decode(channel, &entry))
        return false;
    queue_print_entry(print, entry.queue, entry.queue_id, (int64_t)entry.arrival_s, entry.size_bytes,
        entry.forced_expire, entry.sender);
    *open = true;
    return true;
}

static void list_by_showq(const struct config *config, int socket, struct queue_print *print)
{
    struct ipc_channel *channel = ipc_open(socket);
    bool open = false;
    unsigned type;

    do {
        if (!ipc_receive(channel, &type, clock_deadline_s(config->ipc_timeout)))
            log_fatal_status(EX_UNAVAILABLE_, "Queue report unavailable - the listing was cut short: %s", ipc_error(channel));
    } while (print_message(channel, type, print, &open));
    if (type != showq_end_type)
        log_fatal_status(EX_UNAVAILABLE_, "Queue report unavailable - bad answer of the showq service");
    ipc_close(channel);
}

static void list_queue(const struct config *config, bool json)
{
    struct queue_print print = { .json = json, .long_ids = config->enable_long_queue_ids };
    char path[128];

    check_user(config, "authorized_mailq_users", config->authorized_mailq_users, "view the mail queue");
    if (snprintf(path, sizeof(path), "public/%s", config->showq_service_name) >= (int)sizeof(path))
        log_fatal_status(EX_UNAVAILABLE_, "showq_service_name is too long");
    int socket = fd_connect_unix(path, 10000);
    if (socket >= 0) {
        list_by_showq(config, socket, &print);
    } else if (geteuid() == 0) {
        log_warning("Mail system is down -- accessing queue directly (Connect to the %s showq service: %s)",
            config->mail_name, strerror(errno));
        struct spool *spool = spool_open(config);
        if (spool == NULL)
            log_fatal_status(EX_UNAVAILABLE_, "open queue folder %s: %s", config->queue_directory, strerror(errno));
        listing_walk(spool, print_direct, &print);
        spool_close(spool);
    } else {
        log_fatal_status(EX_UNAVAILABLE_, "Queue report unavailable - mail system is down (Connect to the %s showq service: %s)",
            config->mail_name, strerror(errno));
    }
    queue_print_end(&print);
}

/* --- flushing --- */

static void trigger(const struct config *config, const char *request)
{
    char path[128];

    check_user(config, "authorized_flush_users", config->authorized_flush_users, "flush the mail queue");
    if (snprintf(path, sizeof(path), "public/%s", config->queue_service_name) >= (int)sizeof(path))
        log_fatal_status(EX_UNAVAILABLE_, "queue_service_name is too long");
    int socket = fd_connect_unix(path, (int)config->trigger_timeout * 1000);
    if (socket < 0 && *request == '#')
        log_warning("connect to public/%s: %s", config->flush_service_name, strerror(errno));
    else if (socket < 0)
        log_warning("unable to look up %s: %s", path, strerror(errno));
    if (socket < 0 || fd_send(socket, request, strlen(request), -1, 0) != (ssize_t)strlen(request))
        log_fatal_status(EX_UNAVAILABLE_, "Cannot flush mail queue - mail system is down");
    fd_close(&socket);
}

/* Mail that waits for pickup is meant, too. */
static void flush_all(const struct config *config)
{
    trigger(config, "ADF");
    pickup_wake(config);
}

static void flush_id(const struct config *config, const char *id)
{
    char request[QUEUE_ID_BYTES_MAX + 2];

    if (!queue_id_is_valid(id) || snprintf(request, sizeof(request), "#%s", id) >= (int)sizeof(request))
        log_fatal_status(EX_UNAVAILABLE_, "Cannot flush queue ID - invalid name: \"%s\"", id);
    trigger(config, request);
}

static void flush_site(const struct config *config, const char *site)
{
    char request[300];
    char address[64];

    check_user(config, "authorized_flush_users", config->authorized_flush_users, "flush the mail queue");
    if (!host_name_take_literal(site, HOST_NAME_SILENT, address, sizeof(address))
        && !host_name_is_valid(site, HOST_NAME_SILENT))
        log_fatal_status(EX_UNAVAILABLE_, "Cannot flush mail queue - invalid destination: \"%s\"", site);
    struct match_list *domains = match_list_open(config, "fast_flush_domains", config->fast_flush_domains);
    if (match_list_domain(domains, site, NULL) != TABLE_FOUND)
        log_fatal_status(EX_UNAVAILABLE_, "Flush service is not configured for destination \"%s\"", site);
    match_list_close(domains);
    if (snprintf(request, sizeof(request), "@%s", site) >= (int)sizeof(request))
        log_fatal_status(EX_UNAVAILABLE_, "Cannot flush mail queue - invalid destination: \"%s\"", site);
    trigger(config, request);
}

static _Noreturn void usage(void)
{
    log_fatal_status(EX_UNAVAILABLE_, "usage: postqueue -f | postqueue -i queueid | postqueue -j | postqueue -p | postqueue -s site");
}

int main(int argc, char **argv)
{
    const char *directory = NULL;
    const char *value = NULL;
    int mode = 0;
    int option;

    while ((option = getopt(argc, argv, "c:fi:jps:v")) > 0) {
        if (option == 'c') {
            directory = optarg;
        } else if (option == 'v') {
            log_set_debug(getuid() == 0 ? log_debug_level() + 1 : 0);
        } else if (option == '?' || mode != 0) {
            mode = '?';
        } else {
            mode = option;
            value = optarg;
        }
    }
    const struct config *config = command_config_load(directory, "postqueue", EX_UNAVAILABLE_);
    if (chdir(config->queue_directory) != 0)
        log_fatal_status(EX_UNAVAILABLE_, "chdir %s: %s", config->queue_directory, strerror(errno));
    if (optind < argc)
        usage();
    switch (mode) {
    case 'p': list_queue(config, false); break;
    case 'j': list_queue(config, true); break;
    case 'f': flush_all(config); break;
    case 'i': flush_id(config, value); break;
    case 's': flush_site(config, value); break;
    default: usage();
    }
    return 0;
}
