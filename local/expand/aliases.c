#include "local/expand/aliases.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct alias_table {
    struct table *table;
    uid_t uid;
    gid_t gid;
};

struct aliases {
    struct alias_table *tables;
    size_t count;
};

static void find_owner(struct alias_table *entry)
{
    const char *file = strchr(table_data_name(entry->table), ':');
    struct stat status;

    if (file != NULL && file[1] == '/' && stat(file + 1, &status) == 0) {
        entry->uid = status.st_uid;
        entry->gid = status.st_gid;
    }
}

/* proxymap isn't asked: what it says could come from anybody who may write to it. */
static const char *without_proxy(const char *name)
{
    static const char proxy[] = "proxy:";

    return text_starts_with(name, proxy) ? name + sizeof(proxy) - 1 : name;
}

struct aliases *aliases_open(const struct config *config)
{
    struct aliases *aliases = memory_new(struct aliases);
    const char *list = config->alias_maps;
    struct str name = {0};

    while (brace_next_word(&list, TEXT_LIST_SEPARATORS, &name)) {
        aliases->tables = memory_resize(aliases->tables, aliases->count + 1, sizeof(*aliases->tables));
        struct alias_table *entry = &aliases->tables[aliases->count++];
        *entry = (struct alias_table){
            .table = table_open(config, without_proxy(str_text(&name)), TABLE_FOLD | TABLE_NO_SUBSTITUTION | TABLE_UTF8),
        };
        find_owner(entry);
    }
    str_free(&name);
    return aliases;
}

void aliases_close(struct aliases *aliases)
{
    if (aliases == NULL)
        return;
    for (size_t i = 0; i < aliases->count; i++)
        table_close(aliases->tables[i].table);
    free(aliases->tables);
    free(aliases);
}

bool aliases_have_changed(struct aliases *aliases)
{
    for (size_t i = 0; i < aliases->count; i++) {
        if (table_has_changed(aliases->tables[i].table))
            return true;
    }
    return false;
}

enum table_result aliases_find(struct aliases *aliases, const char *name, struct str *value, uid_t *uid, gid_t *gid)
{
    for (size_t i = 0; i < aliases->count; i++) {
        const struct alias_table *entry = &aliases->tables[i];
        enum table_result result = table_find(entry->table, name, value);
        if (result == TABLE_ABSENT)
            continue;
        if (result == TABLE_FAILED)
            log_warning("%s: lookup of '%s' failed", table_name(entry->table), name);
        *uid = entry->uid;
        *gid = entry->gid;
        return result;
    }
    return TABLE_ABSENT;
}
