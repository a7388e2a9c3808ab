#include "util/tool/postconf_main_cf.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/tool/postconf_print.h"

struct list {
    struct postconf *postconf;
    const char **names;
    size_t count;
    size_t capacity;
};

static void add(struct list *list, const char *name)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity * 2 + 1024;
        list->names = memory_resize(list->names, list->capacity, sizeof(*list->names));
    }
    list->names[list->count++] = name;
}

static bool is_set(const struct postconf *postconf, const char *name)
{
    return config_dictionary_origin(postconf->dictionary, name) >= CONFIG_MAIN_CF;
}

/* 0: unknown. */
static unsigned class_of(const struct postconf *postconf, const char *name)
{
    if (check_is_transport_parameter(postconf->master_cf, name))
        return POSTCONF_SERVICE;
    if (parameter_find(name) != NULL)
        return POSTCONF_BUILTIN;
    return is_set(postconf, name) && check_is_referred_to(postconf->check, name) ? POSTCONF_USER : 0;
}

static void add_services(struct list *list)
{
    const struct master_cf *master_cf = list->postconf->master_cf;

    for (size_t i = 0; master_cf != NULL && i < master_cf->count; i++) {
        const struct master_cf_entry *entry = &master_cf->entries[i];
        for (size_t j = 0; j < parameter_transport_count; j++) {
            const struct parameter *suffix = &parameter_transport_table[j];
            if (check_program_has_suffix(entry->fields[MASTER_CF_COMMAND], suffix))
                add(list, arena_printf(list->postconf->arena, "%s%s", entry->fields[MASTER_CF_SERVICE], suffix->name));
        }
    }
}

static void add_user_defined(void *context, const char *name, const char *value, enum config_origin origin, int line)
{
    struct list *list = context;

    if (parameter_find(name) == NULL && class_of(list->postconf, name) == POSTCONF_USER)
        add(list, name);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static void show(const struct postconf *postconf, const char *name)
{
    const char *value = config_dictionary_raw(postconf->dictionary, name);

    postconf_print_parameter(postconf, NULL, name, value != NULL ? value : "");
}

static void show_all(struct postconf *postconf)
{
    struct list list = { .postconf = postconf };

    for (size_t row = 0; (postconf->classes & POSTCONF_BUILTIN) && row < parameter_count; row++) {
        if (class_of(postconf, parameter_table[row].name) == POSTCONF_BUILTIN)
            add(&list, parameter_table[row].name);
    }
    if (postconf->classes & POSTCONF_SERVICE)
        add_services(&list);
    if (postconf->classes & POSTCONF_USER)
        config_dictionary_each(postconf->dictionary, add_user_defined, &list);
    qsort(list.names, list.count, sizeof(*list.names), compare_names);
    for (size_t i = 0; i < list.count; i++) {
        if ((i == 0 || !text_equal(list.names[i], list.names[i - 1]))
            && (!postconf->options['n'] || is_set(postconf, list.names[i])))
            show(postconf, list.names[i]);
    }
    free(list.names);
}

void postconf_main_cf_show(struct postconf *postconf)
{
    if (postconf->name_count == 0)
        show_all(postconf);
    for (size_t i = 0; i < postconf->name_count; i++) {
        const char *name = postconf->names[i];
        unsigned class = class_of(postconf, name);
        if (class == 0)
            log_warning("%s: unknown parameter", name);
        else if (!postconf->options['n'] || is_set(postconf, name))
            show(postconf, name);
    }
}
