#include "master/command/examine_table_files.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_dictionary.h"
#include "util/config/master_cf.h"
#include "util/config/parameter.h"
#include "util/log/log.h"
#include "util/table/match_list.h"
#include "util/table/table.h"
#include "util/table/table_types.h"

/* Those that are files, or consist of what is written here. */
static const char *const local_types[] = { "hash", "btree", "lmdb", "cdb", "dbm", "sdbm", "texthash", "cidr", "pcre",
    "regexp", "inline", "static", "pipemap", "unionmap", "randmap", "sqlite" };

struct examination {
    const struct config *config;
    const char *file;
    bool good;
};

static bool is_local_table(const char *name)
{
    size_t length = strcspn(name, ":");

    if (name[length] != ':' || name[length + 1] == '\0')
        return false;
    for (size_t i = 0; i < COUNT_OF(local_types); i++) {
        if (strlen(local_types[i]) == length && memcmp(local_types[i], name, length) == 0)
            return true;
    }
    return false;
}

static bool has_known_type(const struct config *config, const char *name)
{
    const char *colon = strchr(name, ':');
    struct str type = {0};

    if (colon != NULL)
        str_put_bytes(&type, name, (size_t)(colon - name));
    bool known = colon != NULL && table_types_find(config, str_text(&type)) != NULL;
    str_free(&type);
    return known;
}

static void report(const struct examination *examination, const char *parameter, int line, const char *what)
{
    log_warning("%s, line %d: %s: %s", examination->file, line, parameter, what);
    (void)fprintf(stderr, "%s, line %d: %s: %s\n", examination->file, line, parameter, what); /* the log has it, too */
}

static bool is_newer(const char *path, const char *other)
{
    struct stat status;
    struct stat other_status;

    if (stat(path, &status) != 0 || stat(other, &other_status) != 0)
        return false;
    return status.st_mtim.tv_sec > other_status.st_mtim.tv_sec
        || (status.st_mtim.tv_sec == other_status.st_mtim.tv_sec && status.st_mtim.tv_nsec > other_status.st_mtim.tv_nsec);
}

/* What was written into the source since then isn't in force. */
static void examine_age(const struct examination *examination, const char *parameter, int line, const char *name)
{
    static const struct { const char *type; const char *suffix; } built[] = {
        { "hash:", ".db" }, { "btree:", ".db" }, { "lmdb:", ".lmdb" }, { "cdb:", ".cdb" },
    };
    struct str database = {0};
    struct str what = {0};

    for (size_t i = 0; i < COUNT_OF(built); i++) {
        if (!text_starts_with(name, built[i].type))
            continue;
        const char *source = name + strlen(built[i].type);
        str_printf(&database, "%s%s", source, built[i].suffix);
        if (is_newer(source, str_text(&database))) {
            str_printf(&what, "%s: database %s is older than source file %s: postmap or postalias builds it anew", name,
                str_text(&database), source);
            report(examination, parameter, line, str_text(&what));
        }
    }
    str_free(&database);
    str_free(&what);
}

static void examine_table(struct examination *examination, const char *parameter, int line, const char *name)
{
    struct table *table = table_open(examination->config, name, TABLE_QUIET);
    const char *why = table_why_unavailable(table);

    if (why != NULL) {
        struct str what = {0};
        str_printf(&what, "%s: %s", name, why);
        report(examination, parameter, line, str_text(&what));
        examination->good = false;
        str_free(&what);
    } else {
        examine_age(examination, parameter, line, name);
    }
    table_close(table);
}

static bool is_client_list(const char *parameter)
{
    static const char *const names[] = { "mynetworks", "debug_peer_list", "permit_mx_backup_networks", "qmqpd_authorized_clients",
        "smtpd_authorized_verp_clients", "smtpd_authorized_xclient_hosts", "smtpd_authorized_xforward_hosts",
        "smtpd_client_event_limit_exceptions", "smtpd_forbid_bare_newline_exclusions", "smtpd_sasl_exceptions_networks",
        "postscreen_allowlist_interfaces" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (text_equal(names[i], parameter))
            return true;
    }
    return false;
}

/* A client that comes to a pattern that can't be understood is told to try again later. */
static void examine_pattern(struct examination *examination, const char *parameter, int line, const char *word)
{
    struct match_list *list = match_list_open(examination->config, parameter, word);
    const char *why = match_list_flaw(list);

    if (why != NULL) {
        report(examination, parameter, line, why);
        examination->good = false;
    }
    match_list_close(list);
}

static void examine_value(struct examination *examination, const char *parameter, const char *value, int line)
{
    struct str expanded = {0};
    struct str word = {0};

    if (config_expand(examination->config, value, &expanded)) {
        const char *cursor = str_text(&expanded);
        while (brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word)) {
            const char *name = str_text(&word);
            name += strspn(name, "!");
            if (text_starts_with(name, "proxy:"))
                name += strlen("proxy:");
            if (is_local_table(name) || (text_ends_with(parameter, "_maps") && !has_known_type(examination->config, name)))
                examine_table(examination, parameter, line, name);
            else if (is_client_list(parameter) && (strchr(name, ':') == NULL || *name == '['))
                examine_pattern(examination, parameter, line, name);
        }
    }
    str_free(&word);
    str_free(&expanded);
}

static void visit(void *context, const char *name, const char *value, enum config_origin origin, int line)
{
    const struct parameter *parameter = parameter_find(name);

    /* Names that main.cf makes up itself may be restriction classes, or parts of other values. */
    if (parameter == NULL || (parameter->type == PARAMETER_TEXT && parameter->reader.state == PARAMETER_READ))
        examine_value(context, name, value, line);
}

bool examine_table_files(const struct config *config)
{
    struct examination examination = { .config = config, .file = "main.cf", .good = true };
    struct master_cf *master_cf;
    struct str why = {0};

    config_dictionary_each(config->dictionary, visit, &examination);
    if (master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &why)) {
        examination.file = "master.cf";
        for (size_t i = 0; i < master_cf->count; i++) {
            const struct master_cf_entry *entry = &master_cf->entries[i];
            for (size_t o = 0; o < entry->override_count; o++)
                visit(&examination, entry->overrides[o].name, entry->overrides[o].value, CONFIG_OVERRIDE, entry->line);
        }
        master_cf_free(master_cf);
    }
    str_free(&why); /* somebody else reports it */
    return examination.good;
}
