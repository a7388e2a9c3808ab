#include "master/supervisor.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/listener.h"
#include "master/service.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/check.h"
#include "util/config/main_cf.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/sys/process.h"

/* A configuration that was read and whose sockets are open, before it takes effect. */
struct candidate {
    struct config *config;
    struct master_cf *master_cf;
    int master_cf_fd; /* its text */
    struct listener_list *listeners; /* one list per entry */
    struct master_cf_entry *implicit; /* services that run without being in master.cf */
    size_t implicit_count;
};

enum { IMPLICIT_MAX = 2 };

static void warn(void *context, const char *text)
{
    log_warning("%s", text);
}

static size_t entry_count(const struct candidate *candidate)
{
    return candidate->master_cf->count + candidate->implicit_count;
}

static const struct master_cf_entry *entry_at(const struct candidate *candidate, size_t i)
{
    size_t own = candidate->master_cf->count;

    return i < own ? &candidate->master_cf->entries[i] : &candidate->implicit[i - own];
}

static bool add_implicit(struct candidate *candidate, const char *line, struct str *why)
{
    if (!master_cf_parse_entry(candidate->master_cf->arena, line, false, NULL, NULL,
            &candidate->implicit[candidate->implicit_count], why))
        return false;
    candidate->implicit_count++;
    return true;
}

/* The connector, and logging to a file or to standard output where master.cf comes from a time before that. */
static bool add_implicit_services(struct candidate *candidate, bool with_connector, struct str *why)
{
    const struct config *config = candidate->config;
    char *line;

    candidate->implicit = arena_allocate(candidate->master_cf->arena, sizeof(*candidate->implicit) * IMPLICIT_MAX);
    if (with_connector && !add_implicit(candidate, "connector unix-dgram - - n - 1 connector", why))
        return false;
    if (config->maillog_file[0] == '\0'
        || master_cf_find(candidate->master_cf, config->postlog_service_name, "unix-dgram") != NULL)
        return true;
    line = arena_printf(candidate->master_cf->arena, "%s unix-dgram n - n - 1 postlogd", config->postlog_service_name);
    return add_implicit(candidate, line, why);
}

/* The connector's socket has no name: master holds both ends. */
static bool is_connector(const struct candidate *candidate, const struct master_cf_entry *entry)
{
    return entry >= candidate->implicit && entry < candidate->implicit + candidate->implicit_count
        && text_equal(entry->fields[MASTER_CF_COMMAND], "connector");
}

static struct service *find_service(const struct supervisor *supervisor, const struct master_cf_entry *entry)
{
    for (size_t i = 0; i < supervisor->service_count; i++)
        if (service_is_for(supervisor->services[i], entry))
            return supervisor->services[i];
    return NULL;
}

static bool is_open_already(const struct supervisor *supervisor, const char *key)
{
    for (size_t i = 0; i < supervisor->service_count; i++) {
        const struct listener_list *list = &supervisor->services[i]->listeners;
        for (size_t k = 0; k < list->count; k++)
            if (list->items[k].fd >= 0 && text_equal(list->items[k].key, key))
                return true;
    }
    return false;
}

static bool open_new(const struct supervisor *supervisor, const struct candidate *candidate,
    const struct master_cf_entry *entry, struct listener_list *list, struct str *why)
{
    if (is_connector(candidate, entry)) {
        list->items = memory_new(struct listener);
        list->count = 1;
        list->items[0] = (struct listener){ .key = memory_copy_text("connector"), .fd = -1 };
        if (!is_open_already(supervisor, "connector"))
            list->items[0].fd = fcntl(supervisor->connector[0], F_DUPFD_CLOEXEC, 0);
        return true;
    }
    if (!listener_plan(candidate->config, entry, list, why))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (!is_open_already(supervisor, list->items[i].key)
            && !listener_open(candidate->config, entry, &list->items[i], why))
            return false;
    return true;
}

/* Names that nobody knows are most often misspelt; values that a program would refuse are found before it has to. */
static bool check_names(const struct candidate *candidate, struct str *why)
{
    struct check *check = check_new(candidate->config->dictionary, candidate->master_cf);
    bool good = true;

    for (size_t i = 0; i < check->count; i++) {
        bool is_fatal = check_is_fatal(&check->findings[i]);
        if (check->findings[i].kind != CHECK_UNKNOWN && !is_fatal)
            continue;
        const char *text = check_describe(&check->findings[i], check->arena);
        if (is_fatal && good) {
            str_put(why, text);
            good = false;
            continue;
        }
        log_warning("%s", text);
        if (good && candidate->config->strict_configuration) {
            str_printf(why, "strict_configuration = yes, and %s", text);
            good = false;
        }
    }
    check_free(check);
    return good;
}

/* Of entries for the same service the last one counts. */
static void drop_duplicates(struct master_cf *master_cf)
{
    size_t kept = 0;

    for (size_t i = 0; i < master_cf->count; i++) {
        const struct master_cf_entry *entry = &master_cf->entries[i];
        const struct master_cf_entry *last = master_cf_find(master_cf, entry->fields[MASTER_CF_SERVICE],
            entry->fields[MASTER_CF_KIND]);
        if (last == entry)
            master_cf->entries[kept++] = *entry;
        else
            log_warning("master.cf, line %d: duplicate entry for service \"%s\" -- using the last entry, line %d", entry->line,
                entry->fields[MASTER_CF_SERVICE], last->line);
    }
    master_cf->count = kept;
}

/* Whether word, of length bytes, is the entry's type ("inet") or its name and type ("smtp/inet"). */
static bool word_names(const char *word, size_t length, const struct master_cf_entry *entry)
{
    const char *name = entry->fields[MASTER_CF_SERVICE];
    const char *kind = entry->fields[MASTER_CF_KIND];
    size_t name_length = strlen(name);

    if (length == strlen(kind))
        return strncasecmp(word, kind, length) == 0;
    return length == name_length + 1 + strlen(kind) && strncasecmp(word, name, name_length) == 0 && word[name_length] == '/'
        && strncasecmp(word + name_length + 1, kind, strlen(kind)) == 0;
}

/* master_service_disable: the first word that fits decides. */
static bool is_disabled(const char *patterns, const struct master_cf_entry *entry)
{
    const char *word;
    size_t length;

    while (text_next_word(&patterns, TEXT_LIST_SEPARATORS, &word, &length)) {
        size_t bangs = 0;
        while (bangs < length && word[bangs] == '!')
            bangs++;
        if (word_names(word + bangs, length - bangs, entry))
            return bangs % 2 == 0;
    }
    return false;
}

static void drop_disabled(struct master_cf *master_cf, const char *patterns)
{
    size_t kept = 0;

    for (size_t i = 0; i < master_cf->count; i++)
        if (!is_disabled(patterns, &master_cf->entries[i]))
            master_cf->entries[kept++] = master_cf->entries[i];
    master_cf->count = kept;
}

/* Read once: what workers get is what was checked. */
static bool read_master_cf(struct candidate *candidate, struct str *why)
{
    struct str path = {0};
    struct str text = {0};

    str_printf(&path, "%s/master.cf", candidate->config->config_directory);
    bool good = main_cf_load(str_text(&path), &text, why)
        && master_cf_parse(str_text(&path), str_text(&text), text.length, master_cf_chroot_default(candidate->config), warn,
            NULL, &candidate->master_cf, why);
    if (good) {
        candidate->master_cf_fd = process_shared_memory(text.length);
        if (candidate->master_cf_fd < 0 || !fd_pwrite_all(candidate->master_cf_fd, str_text(&text), text.length, 0))
            log_fatal("keep master.cf for workers: %m");
        drop_duplicates(candidate->master_cf);
        drop_disabled(candidate->master_cf, candidate->config->master_service_disable);
    }
    str_free(&path);
    str_free(&text);
    return good;
}

static bool read_candidate(const struct supervisor *supervisor, struct candidate *candidate, struct str *why)
{
    if (!config_load(NULL, NULL, 0, "master", &candidate->config, why))
        return false;
    return read_master_cf(candidate, why) && check_names(candidate, why)
        && add_implicit_services(candidate, !supervisor->is_unprivileged, why);
}

static bool open_candidate(const struct supervisor *supervisor, struct candidate *candidate, struct str *why)
{
    candidate->listeners = memory_zeroed(entry_count(candidate), sizeof(*candidate->listeners));
    for (size_t i = 0; i < entry_count(candidate); i++) {
        const struct master_cf_entry *entry = entry_at(candidate, i);
        if (open_new(supervisor, candidate, entry, &candidate->listeners[i], why))
            continue;
        str_printf(why, " (master.cf, line %d: %s)", entry->line, entry->fields[MASTER_CF_SERVICE]);
        return false;
    }
    return true;
}

static void drop_candidate(struct candidate *candidate)
{
    for (size_t i = 0; candidate->listeners != NULL && i < entry_count(candidate); i++)
        listener_list_free(&candidate->listeners[i], true);
    free(candidate->listeners);
    fd_close(&candidate->master_cf_fd);
    master_cf_free(candidate->master_cf);
    if (candidate->config != NULL)
        config_free(candidate->config);
}

/* All sockets that stay, whatever service held them. */
static void adopt_all(const struct supervisor *supervisor, struct candidate *candidate)
{
    for (size_t i = 0; i < entry_count(candidate); i++)
        for (size_t k = 0; k < candidate->listeners[i].count; k++)
            for (size_t s = 0; s < supervisor->service_count && candidate->listeners[i].items[k].fd < 0; s++)
                listener_adopt(&candidate->listeners[i].items[k], &supervisor->services[s]->listeners);
}

static void say_what_is_missing(const struct service *service)
{
    if (service->kind == PROGRAM_MISSING)
        log_warning("service %s: this build has no program %s: connections are closed at once", service->name,
            service->entry->fields[MASTER_CF_COMMAND]);
}

static bool is_wanted(const struct candidate *candidate, const struct service *service)
{
    for (size_t i = 0; i < entry_count(candidate); i++)
        if (service_is_for(service, entry_at(candidate, i)))
            return true;
    return false;
}

static void drop_finished_services(struct supervisor *supervisor)
{
    size_t kept = 0;

    for (size_t i = 0; i < supervisor->service_count; i++) {
        if (service_is_over(supervisor->services[i]))
            service_free(supervisor->services[i]);
        else
            supervisor->services[kept++] = supervisor->services[i];
    }
    supervisor->service_count = kept;
}

static void switch_over(struct supervisor *supervisor, struct candidate *candidate)
{
    struct config *old_config = supervisor->config;
    struct master_cf *old_master_cf = supervisor->master_cf;

    adopt_all(supervisor, candidate);
    for (size_t i = 0; i < supervisor->service_count; i++)
        if (!is_wanted(candidate, supervisor->services[i]))
            service_end(supervisor->services[i]);
    supervisor->config = candidate->config;
    supervisor->master_cf = candidate->master_cf;
    fd_close(&supervisor->master_cf_fd);
    supervisor->master_cf_fd = candidate->master_cf_fd;
    for (size_t i = 0; i < entry_count(candidate); i++) {
        const struct master_cf_entry *entry = entry_at(candidate, i);
        struct service *service = find_service(supervisor, entry);
        if (service == NULL) {
            service = service_new(supervisor, entry);
            supervisor->services = memory_resize(supervisor->services, supervisor->service_count + 1, sizeof(service));
            supervisor->services[supervisor->service_count++] = service;
        }
        service_run(service, entry, &candidate->listeners[i]);
        say_what_is_missing(service);
    }
    free(candidate->listeners);
    drop_finished_services(supervisor);
    master_cf_free(old_master_cf);
    if (old_config != NULL)
        config_free(old_config);
}

bool supervisor_load(struct supervisor *supervisor, struct str *why)
{
    struct candidate candidate = { .master_cf_fd = -1 };

    if (!read_candidate(supervisor, &candidate, why) || !open_candidate(supervisor, &candidate, why)) {
        drop_candidate(&candidate);
        return false;
    }
    switch_over(supervisor, &candidate);
    return true;
}

void supervisor_renew_life(struct supervisor *supervisor)
{
    fd_close(&supervisor->life[1]);
    fd_close(&supervisor->life[0]);
    if (!supervisor->is_stopping && pipe2(supervisor->life, O_CLOEXEC) != 0)
        log_fatal("pipe: %m");
}
