#include "master/connector/allowed.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/main_cf.h"

#define FOLDER "private/"

/* What processes of the network user always need. */
static const char *const own[] = { "intake", "proxymap", "proxywrite", "anvil", "verify", "tlsmgr", "dnsblog", "tlsproxy" };

void allowed_add(struct str *text, const char *file_text, size_t length)
{
    struct main_cf_lines lines = { .cursor = file_text, .end = file_text + length, .next_line = 1 };

    while (main_cf_lines_next(&lines)) {
        str_put(text, str_text(&lines.text));
        str_put_char(text, '\n');
    }
    str_free(&lines.text);
}

static bool is_name_char(char c)
{
    return text_is_alnum(c) || c == '-' || c == '_' || c == '.' || c == '/';
}

/* The name behind private/, NULL if the path isn't of that form. */
static const char *socket_name(const char *path)
{
    if (!text_starts_with(path, FOLDER))
        return NULL;
    const char *name = path + strlen(FOLDER);
    return name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL ? NULL : name;
}

bool allowed_foreign_path(const struct master_cf *master_cf, const char *path)
{
    const char *name = socket_name(path);

    if (name == NULL)
        return false;
    for (size_t i = 0; i < master_cf->count; i++) {
        if (text_equal(master_cf->entries[i].fields[MASTER_CF_SERVICE], name))
            return false;
    }
    return true;
}

bool allowed_path(const struct str *text, const char *path)
{
    const char *name = socket_name(path);

    if (name == NULL)
        return false;
    for (size_t i = 0; i < COUNT_OF(own); i++)
        if (text_equal(own[i], name))
            return true;
    for (const char *at = strstr(str_text(text), path); at != NULL; at = strstr(at + 1, path))
        if (!is_name_char(at[strlen(path)]))
            return true;
    return false;
}
