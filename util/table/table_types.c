#include "util/table/table_types.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/table_cidr.h"
#include "util/table/table_compound.h"
#include "util/table/table_db.h"
#include "util/table/table_memory.h"
#include "util/table/table_pcre.h"
#include "util/table/table_regexp.h"
#include "util/table/table_simple.h"

static const struct table_type *const built_in[] = {
    &table_btree, &table_cidr, &table_environ, &table_fail, &table_hash, &table_inline, &table_internal, &table_pcre,
    &table_pipemap, &table_randmap, &table_regexp, &table_static, &table_texthash, &table_unionmap, &table_unix,
};

/* proxy: is taken away by table_open, so it needs no row, but postconf -m names it. */
static const char *const without_row[] = { "proxy" };

static const char module_prefix[] = "posthaste-";
static const char module_suffix[] = ".so";

/* The name becomes part of a path. */
static bool is_plain_name(const char *type)
{
    for (const char *at = type; *at != '\0'; at++) {
        if (!text_is_alnum(*at))
            return false;
    }
    return *type != '\0';
}

static const struct table_type *load_module(const struct config *config, const char *type)
{
    struct str path = {0};
    struct str symbol = {0};

    str_printf(&path, "%s/%s%s%s", config->shlib_directory, module_prefix, type, module_suffix);
    str_printf(&symbol, "table_type_%s", type);
    const struct table_type *found = NULL;
    void *module = dlopen(str_text(&path), RTLD_NOW | RTLD_LOCAL); /* stays open: the types point into it */
    if (module != NULL && (found = dlsym(module, str_text(&symbol))) == NULL)
        log_warning("%s has no %s: from another version?", str_text(&path), str_text(&symbol));
    str_free(&path);
    str_free(&symbol);
    return found;
}

const struct table_type *table_types_find(const struct config *config, const char *type)
{
    for (size_t i = 0; i < COUNT_OF(built_in); i++) {
        if (text_equal(built_in[i]->name, type))
            return built_in[i];
    }
    if (config == NULL || config->shlib_directory == NULL || config->shlib_directory[0] != '/' || !is_plain_name(type))
        return NULL;
    return load_module(config, type);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void add_name(char ***names, size_t *count, const char *name, size_t length)
{
    *names = memory_resize(*names, *count + 1, sizeof(char *));
    (*names)[(*count)++] = memory_copy_bytes(name, length);
}

static void add_modules(const char *directory, char ***names, size_t *count)
{
    DIR *folder = opendir(directory);
    size_t around = strlen(module_prefix) + strlen(module_suffix);

    if (folder == NULL)
        return;
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        const char *name = entry->d_name;
        if (text_starts_with(name, module_prefix) && text_ends_with(name, module_suffix) && strlen(name) > around)
            add_name(names, count, name + strlen(module_prefix), strlen(name) - around);
    }
    (void)closedir(folder); /* only read from */
}

void table_types_list(const struct config *config, void (*each)(void *context, const char *name), void *context)
{
    char **names = NULL;
    size_t count = 0;

    for (size_t i = 0; i < COUNT_OF(built_in); i++)
        add_name(&names, &count, built_in[i]->name, strlen(built_in[i]->name));
    for (size_t i = 0; i < COUNT_OF(without_row); i++)
        add_name(&names, &count, without_row[i], strlen(without_row[i]));
    if (config != NULL && config->shlib_directory != NULL && config->shlib_directory[0] == '/')
        add_modules(config->shlib_directory, &names, &count);
    qsort(names, count, sizeof(char *), compare_names);
    for (size_t i = 0; i < count; i++) {
        each(context, names[i]);
        free(names[i]);
    }
    free(names);
}
