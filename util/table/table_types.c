#include "util/table/table_types.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/arena.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/table/match_list.h"
#include "util/table/source.h"
#include "util/table/table_cidr.h"
#include "util/table/table_compound.h"
#include "util/table/table_db.h"
#include "util/table/table_memory.h"
#include "util/table/table_pcre.h"
#include "util/table/table_proxy.h"
#include "util/table/table_regexp.h"
#include "util/table/table_simple.h"
#include "util/table/table_socketmap.h"
#include "util/table/table_tcp.h"

static const struct table_type *const built_in[] = {
    &table_btree, &table_cidr, &table_environ, &table_fail, &table_hash, &table_inline, &table_internal, &table_pcre,
    &table_pipemap, &table_proxy, &table_randmap, &table_regexp, &table_socketmap, &table_static, &table_tcp, &table_texthash, &table_unionmap,
    &table_unix,
};

/* What modules call must be part of every program that can load one. */
__attribute__((used)) static void (*const for_modules[])(void) = {
    (void (*)(void))match_list_open, (void (*)(void))number_parse_i64, (void (*)(void))config_value,
    (void (*)(void))source_open, (void (*)(void))arena_printf,
};

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

/* The folders of modules, one after the other: shlib_directory, then lib/posthaste of the tree that this very program runs
 * from (sbin or libexec/posthaste), so that a tree that was moved finds its own. False: no more. */
static bool module_folder(const struct config *config, size_t index, struct str *folder)
{
    static const char *const relative[] = { "/../lib/posthaste", "/../../lib/posthaste" };

    str_clear(folder);
    if (index == 0) {
        str_put(folder, config->shlib_directory);
        return true;
    }
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program));
    if (index > COUNT_OF(relative) || length <= 0 || length == sizeof(program))
        return false;
    while (length > 0 && program[length - 1] != '/')
        length--;
    str_put_bytes(folder, program, (size_t)length);
    str_put(folder, relative[index - 1]);
    return true;
}

static const struct table_type *load_module(const struct config *config, const char *type)
{
    struct str path = {0};
    struct str symbol = {0};
    void *module = NULL;

    str_printf(&symbol, "table_type_%s", type);
    for (size_t i = 0; module == NULL && module_folder(config, i, &path); i++) {
        str_printf(&path, "/%s%s%s", module_prefix, type, module_suffix);
        if (path.data[0] == '/' && access(path.data, F_OK) == 0) {
            module = dlopen(path.data, RTLD_NOW | RTLD_LOCAL); /* stays open: the types point into it */
            if (module == NULL)
                log_warning("%s: %s", path.data, dlerror());
        }
    }
    const struct table_type *found = NULL;
    if (module != NULL)
        found = dlsym(module, str_text(&symbol));
    if (module != NULL && (found == NULL || found->build != TABLE_TYPE_BUILD)) {
        log_warning("%s is from another version of Posthaste: not used", str_text(&path));
        found = NULL;
    }
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
    if (config == NULL || !is_plain_name(type))
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
    struct str folder = {0};
    for (size_t i = 0; config != NULL && module_folder(config, i, &folder); i++)
        add_modules(str_text(&folder), &names, &count);
    str_free(&folder);
    qsort(names, count, sizeof(char *), compare_names);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || !text_equal(names[i], names[i - 1]))
            each(context, names[i]);
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
