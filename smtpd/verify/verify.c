/* verify.c: finds out whether addresses take mail, and remembers it (verify(8)). A probe is a message that is
 * delivered up to RCPT; it carries a random token, and only who brings the token back says what was found. */
#include <event2/event.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uthash.h>
#include <utlist.h>

#include "master/worker/worker.h"
#include "qmgr/intake/intake.h"
#include "smtpd/verify/probe_sender.h"
#include "smtpd/verify/verify_cache.h"
#include "util/base/clock.h"
#include "util/base/fold.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/sys/identity.h"
#include "util/table/table.h"

enum { TOKEN_BYTES = 16, MEMORY_ENTRIES_MAX = 100000 };

struct asker;

/* A probe under way. */
struct probe {
    UT_hash_handle hh;
    char *address;
    time_t sent;
    char token[2 * TOKEN_BYTES + 1];
};

struct verify {
    struct worker *worker;
    const struct config *config;
    struct intake *intake;
    struct table *table; /* NULL: memory only, which internal: would be */
    struct probe *probes;
    struct asker *askers;
};

/* A connection; it may wait for one answer at a time. */
struct asker {
    struct verify *verify;
    struct ipc_channel *channel;
    struct event *readable;
    struct event *timer;
    char *waits_for; /* an address, or NULL */
    struct asker *prev, *next;
};

/* --- the cache --- */

static bool load(struct verify *verify, const char *address, struct verify_entry *entry)
{
    struct str value = {0};
    int64_t now_s = clock_wall_us() / 1000000;
    bool found = table_find(verify->table, address, &value) == TABLE_FOUND
                 && verify_entry_parse(str_text(&value), entry) && !verify_entry_has_expired(verify->config, entry, now_s);

    str_free(&value);
    if (!found) {
        entry->state = VERIFY_PENDING;
        entry->probed_s = entry->updated_s = 0;
        str_set(&entry->text, "Address verification in progress");
    }
    return found;
}

static void save(struct verify *verify, const char *address, const struct verify_entry *entry)
{
    struct str value = {0};
    struct str why = {0};

    verify_entry_put(entry, &value);
    if (table_put(verify->table, address, str_text(&value), true, &why) == TABLE_PUT_FAILED
        || !table_commit(verify->table, &why))
        log_warning("%s: %s", table_name(verify->table), str_text(&why));
    str_free(&value);
    str_free(&why);
}

/* Expired entries go. Keys are collected first: a table isn't changed while it is walked. */
static void clean(struct verify *verify)
{
    struct str key = {0};
    struct str value = {0};
    struct str why = {0};
    struct verify_entry entry = {0};
    char **expired = NULL;
    size_t count = 0;
    size_t kept = 0;

    for (bool first = true; table_next(verify->table, first, &key, &value) == TABLE_FOUND; first = false) {
        if (str_text(&key)[0] == '_')
            continue;
        if (verify_entry_parse(str_text(&value), &entry)
            && !verify_entry_has_expired(verify->config, &entry, clock_wall_us() / 1000000)) {
            kept++;
            continue;
        }
        expired = memory_resize(expired, count + 1, sizeof(*expired));
        expired[count++] = memory_copy_text(str_text(&key));
    }
    for (size_t i = 0; i < count; i++) {
        (void)table_remove(verify->table, expired[i], &why); /* the next time, maybe */
        free(expired[i]);
    }
    free(expired);
    if (count > 0 && !table_commit(verify->table, &why))
        log_warning("%s: %s", table_name(verify->table), str_text(&why));
    log_info("cache %s full cleanup: retained=%zu dropped=%zu entries", table_name(verify->table), kept, count);
    str_free(&key);
    str_free(&value);
    str_free(&why);
    str_free(&entry.text);
}

/* --- probes --- */

static bool make_token(char token[2 * TOKEN_BYTES + 1])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[TOKEN_BYTES];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        token[2 * i] = digits[bytes[i] >> 4];
        token[2 * i + 1] = digits[bytes[i] & 15];
    }
    token[2 * sizeof(bytes)] = '\0';
    return true;
}

static bool submit(struct verify *verify, const struct probe *probe)
{
    const struct intake_begin begin = { .service = "cleanup",
        .options = INTAKE_IS_BOUNCE | INTAKE_LOCAL_REWRITE | INTAKE_ADD_MISSING_HEADERS | INTAKE_NO_BCC | INTAKE_NO_MILTERS
                   | INTAKE_NO_HEADER_BODY_CHECKS,
        .envelope_flags = ENVELOPE_VERIFY_ONLY | (text_is_ascii(probe->address) ? 0u : (uint32_t)ENVELOPE_SMTPUTF8),
        .origin = "internal", .trace_id = probe->token };
    const struct recipient recipient = { .address = probe->address, .original = probe->address, .dsn_orcpt = "" };
    struct verdict verdict;
    struct str text = {0};

    struct intake_message *message = intake_begin(verify->intake, &begin, &verdict);
    if (message == NULL)
        return false;
    probe_sender_put(verify->config, clock_wall_us() / 1000000, &text);
    intake_sender(message, str_text(&text), "", RET_UNSET);
    intake_attribute(message, ATTRIBUTE_PROBE_TOKEN, probe->token);
    intake_recipient(message, &recipient);
    intake_line(message, "From: MAILER-DAEMON (Mail Delivery System)");
    str_clear(&text);
    str_put(&text, "To: ");
    address_quote(probe->address, &text);
    intake_line(message, str_text(&text));
    intake_line(message, "Subject: Mail Delivery Status Report");
    intake_line(message, "");
    str_free(&text);
    if (intake_end(message, &verdict))
        return true;
    log_warning("address verification of %s: %s", probe->address, verdict.text);
    return false;
}

static void forget_probe(struct verify *verify, struct probe *probe)
{
    HASH_DEL(verify->probes, probe);
    free(probe->address);
    free(probe);
}

/* Probes that nobody will ever answer: their message was removed, or the queue manager couldn't reach us. */
static void forget_old_probes(struct verify *verify)
{
    struct probe *probe;
    struct probe *next;

    HASH_ITER(hh, verify->probes, probe, next) {
        if (time(NULL) - probe->sent > 1000)
            forget_probe(verify, probe);
    }
}

static bool send_probe(struct verify *verify, const char *address)
{
    struct probe *probe = memory_new(struct probe);

    forget_old_probes(verify);
    probe->address = memory_copy_text(address);
    probe->sent = time(NULL);
    bool is_one_too_many = HASH_COUNT(verify->probes) >= (unsigned)verify->config->address_verify_pending_request_limit;
    if (is_one_too_many || !make_token(probe->token) || !submit(verify, probe)) {
        free(probe->address);
        free(probe);
        return false;
    }
    HASH_ADD_STR(verify->probes, token, probe);
    return true;
}

/* --- connections --- */

static void stop_waiting(struct asker *asker)
{
    free(asker->waits_for);
    asker->waits_for = NULL;
    (void)event_del(asker->timer); /* it may not be set */
}

static void asker_free(struct asker *asker)
{
    DL_DELETE(asker->verify->askers, asker);
    stop_waiting(asker);
    event_free(asker->readable);
    event_free(asker->timer);
    ipc_close(asker->channel);
    free(asker);
}

static void answer(struct asker *asker, const struct verify_entry *entry)
{
    verify_answer_send(asker->channel, &(struct verify_answer){ .state = entry->state, .why = str_text(&entry->text) });
}

/* Sends what is there; an asker that doesn't take its answer is dropped. */
static bool drain(struct asker *asker)
{
    bool more = false;

    if (ipc_drain(asker->channel, &more) && !more)
        return true;
    asker_free(asker);
    return false;
}

static bool take_query(struct asker *asker)
{
    struct verify *verify = asker->verify;
    struct verify_entry entry = {0};
    struct verify_query query;
    struct str key = {0};
    bool good = verify_query_decode(asker->channel, &query) && asker->waits_for == NULL && *query.address != '\0';

    if (good) {
        fold_put(&key, query.address, strlen(query.address), verify->config->smtputf8_enable);
        (void)load(verify, str_text(&key), &entry);
        if (verify_entry_wants_probe(verify->config, &entry, clock_wall_us() / 1000000)
            && send_probe(verify, str_text(&key))) {
            entry.probed_s = clock_wall_us() / 1000000;
            save(verify, str_text(&key), &entry);
        }
        if (entry.state == VERIFY_PENDING && query.wait_ms > 0) {
            struct timeval wait = { .tv_sec = query.wait_ms / 1000, .tv_usec = query.wait_ms % 1000 * 1000 };
            asker->waits_for = memory_copy_text(str_text(&key));
            (void)event_add(asker->timer, &wait); /* a timer always can be added */
        } else {
            answer(asker, &entry);
        }
    }
    str_free(&entry.text);
    str_free(&key);
    return good;
}

static void tell_who_waits(struct verify *verify, const char *address, const struct verify_entry *entry)
{
    struct asker *asker;
    struct asker *next;

    DL_FOREACH_SAFE(verify->askers, asker, next) {
        if (asker->waits_for != NULL && text_equal(asker->waits_for, address)) {
            stop_waiting(asker);
            answer(asker, entry);
            (void)drain(asker); /* it may be gone */
        }
    }
}

static bool take_result(struct asker *asker)
{
    struct verify *verify = asker->verify;
    struct verify_entry entry = {0};
    struct verify_result result;
    struct probe *probe;

    if (!verify_result_decode(asker->channel, &result) || result.state > VERIFY_BOUNCE)
        return false;
    HASH_FIND_STR(verify->probes, result.token, probe);
    if (probe == NULL) {
        log_info("a probe from before the last start has ended");
        return true;
    }
    (void)load(verify, probe->address, &entry);
    (void)verify_entry_update(verify->config, &entry, (enum verify_state)result.state, result.why, clock_wall_us() / 1000000);
    bool is_kept = entry.state != VERIFY_PENDING;
    if (is_kept)
        save(verify, probe->address, &entry);
    else { /* address_verify_negative_cache = no: nobody hears of it, the next question is another probe */
        struct str why = {0};
        (void)table_remove(verify->table, probe->address, &why); /* nothing there is fine */
        str_free(&why);
    }
    tell_who_waits(verify, probe->address, &entry);
    forget_probe(verify, probe);
    str_free(&entry.text);
    return true;
}

static void on_readable(evutil_socket_t fd, short what, void *context)
{
    struct asker *asker = context;
    unsigned type;
    bool good = ipc_feed(asker->channel);

    while (ipc_next(asker->channel, &type)) {
        bool known = type == verify_query_type ? take_query(asker) : type == verify_result_type && take_result(asker);
        if (!known) {
            good = false;
            break;
        }
    }
    if (!good || ipc_failed(asker->channel))
        asker_free(asker);
    else
        (void)drain(asker); /* it may be gone */
}

static void on_wait_over(evutil_socket_t fd, short what, void *context)
{
    struct asker *asker = context;
    struct verify_entry entry = {0};

    (void)load(asker->verify, asker->waits_for, &entry);
    stop_waiting(asker);
    answer(asker, &entry);
    str_free(&entry.text);
    (void)drain(asker); /* it may be gone */
}

static void on_connect(void *context, int fd, int listener_index)
{
    struct verify *verify = context;
    struct asker *asker = memory_new(struct asker);

    fd_set_nonblocking(fd, true);
    asker->verify = verify;
    asker->channel = ipc_open(fd);
    asker->readable = event_new(worker_events(verify->worker), fd, EV_READ | EV_PERSIST, on_readable, asker);
    asker->timer = event_new(worker_events(verify->worker), -1, 0, on_wait_over, asker);
    if (asker->readable == NULL || asker->timer == NULL || event_add(asker->readable, NULL) != 0)
        memory_exhausted();
    DL_APPEND(verify->askers, asker);
}

static void on_cleanup_time(evutil_socket_t fd, short what, void *context)
{
    clean(context);
}

static void schedule_cleanup(struct verify *verify)
{
    struct timeval interval = { .tv_sec = (time_t)verify->config->address_verify_cache_cleanup_interval };

    if (interval.tv_sec == 0 || !table_can_list(verify->table))
        return;
    clean(verify);
    struct event *timer = event_new(worker_events(verify->worker), -1, EV_PERSIST, on_cleanup_time, verify);
    if (timer == NULL || event_add(timer, &interval) != 0)
        memory_exhausted();
}

/* As mail_owner, so that the file is his; and before a chroot, in which data_directory isn't to be seen. */
static struct table *open_table(const struct config *config)
{
    const char *map = *config->address_verify_map == '\0' ? "internal:verify" : config->address_verify_map;
    const struct passwd *owner = getpwnam(config->mail_owner);

    identity_start();
    bool changed = identity_is_privileged() && owner != NULL && identity_become(owner->pw_uid, owner->pw_gid);
    struct table *table = table_open(config, map, TABLE_WRITE | TABLE_CREATE);
    if (changed)
        identity_back();
    if (table_why_unavailable(table) != NULL)
        log_fatal("%s: %s", map, table_why_unavailable(table));
    return table;
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "verify");
    const struct config *config = worker_config(worker);
    const struct config *cleanup = worker_config_of(worker, config->cleanup_service_name, "cleanup");
    const struct config *rewrite = worker_config_of(worker, config->rewrite_service_name, "trivial-rewrite");
    struct verify verify = { .worker = worker, .config = config };

    verify.intake = intake_open(cleanup, rewrite, worker_socket_path(worker, "private/intake"), "verify");
    verify.table = open_table(config);
    worker_confine(worker, CONFINE_TABLES);
    schedule_cleanup(&verify);
    worker_serve_many(worker, on_connect, &verify);
    table_close(verify.table);
    intake_close(verify.intake);
    return worker_stop(worker);
}
