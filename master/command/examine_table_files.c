#include "master/command/examine_table_files.h"

#include <stdio.h>
#include <string.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_dictionary.h"
#include "util/config/master_cf.h"
#include "util/config/parameter.h"
#include "util/log/log.h"
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

static void examine_table(struct examination *examination, const char *parameter, int line, const char *name)
{
    struct table *table = table_open(examination->config, name, TABLE_QUIET);
    const char *why = table_why_unavailable(table);

    if (why != NULL) {
        log_warning("%s, line %d: %s: %s: %s", examination->file, line, parameter, name, why);
        (void)fprintf(stderr, "%s, line %d: %s: %s: %s\n", examination->file, line, parameter, name,
            why); /* the log has it, too */
        examination->good = false;
    }
    table_close(table);
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
