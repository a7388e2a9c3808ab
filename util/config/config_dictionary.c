#include "util/config/config_dictionary.h"

#include <string.h>
#include <uthash.h>

#include "util/base/memory.h"
#include "util/config/expand.h"

/* A name that nobody declared. */
struct own {
    const char *name;
    const char *value;
    enum config_origin origin;
    int line;
    UT_hash_handle hh;
};

/* A declared one: value NULL while nobody set it. */
struct known {
    const char *value;
    enum config_origin origin;
    int line;
};

struct config_dictionary {
    struct arena *arena;
    struct known *known; /* beside parameter_table */
    struct own *own;
};

struct config_dictionary *config_dictionary_new(void)
{
    struct config_dictionary *dictionary = memory_new(struct config_dictionary);

    dictionary->arena = arena_new();
    dictionary->known = memory_zeroed(parameter_count, sizeof(*dictionary->known));
    return dictionary;
}

void config_dictionary_free(struct config_dictionary *dictionary)
{
    if (dictionary == NULL)
        return;
    HASH_CLEAR(hh, dictionary->own); /* the entries are in the arena */
    free(dictionary->known);
    arena_free(dictionary->arena);
    free(dictionary);
}

struct arena *config_dictionary_arena(struct config_dictionary *dictionary)
{
    return dictionary->arena;
}

static struct own *own_find(const struct config_dictionary *dictionary, const char *name)
{
    struct own *own;

    HASH_FIND_STR(dictionary->own, name, own);
    return own;
}

static void own_set(struct config_dictionary *dictionary, const char *name, const char *value,
    enum config_origin origin, int line)
{
    struct own *own = own_find(dictionary, name);

    if (own == NULL) {
        own = arena_allocate(dictionary->arena, sizeof(*own));
        own->name = arena_copy_text(dictionary->arena, name);
        HASH_ADD_KEYPTR(hh, dictionary->own, own->name, strlen(own->name), own);
    }
    own->value = value;
    own->origin = origin;
    own->line = line;
}

void config_dictionary_set(struct config_dictionary *dictionary, const char *name, const char *value,
    enum config_origin origin, int line)
{
    const struct parameter *parameter = parameter_find(name);
    const char *copy = arena_copy_text(dictionary->arena, value);

    if (parameter == NULL) {
        own_set(dictionary, name, copy, origin, line);
        return;
    }
    struct known *known = &dictionary->known[parameter_index(parameter)];
    if (origin < known->origin)
        return;
    *known = (struct known){ copy, origin, line };
}

const char *config_dictionary_raw_of(const struct config_dictionary *dictionary, const struct parameter *parameter)
{
    const struct known *known = &dictionary->known[parameter_index(parameter)];

    return known->value != NULL ? known->value : parameter->value;
}

const char *config_dictionary_raw(const struct config_dictionary *dictionary, const char *name)
{
    const struct parameter *parameter = parameter_find(name);
    size_t length;

    if (parameter != NULL)
        return config_dictionary_raw_of(dictionary, parameter);
    const struct own *own = own_find(dictionary, name);
    if (own != NULL)
        return own->value;
    parameter = parameter_find_transport(name, &length);
    return parameter != NULL ? parameter->value : NULL;
}

enum config_origin config_dictionary_origin_of(const struct config_dictionary *dictionary,
    const struct parameter *parameter)
{
    return dictionary->known[parameter_index(parameter)].origin;
}

enum config_origin config_dictionary_origin(const struct config_dictionary *dictionary, const char *name)
{
    const struct parameter *parameter = parameter_find(name);

    if (parameter != NULL)
        return config_dictionary_origin_of(dictionary, parameter);
    const struct own *own = own_find(dictionary, name);
    return own != NULL ? own->origin : CONFIG_DEFAULT;
}

static const char *look_up(void *context, const char *name, bool *is_data)
{
    *is_data = false;
    return config_dictionary_raw(context, name);
}

bool config_dictionary_expand(const struct config_dictionary *dictionary, const char *text, struct str *out,
    struct str *why)
{
    /* Without const for the call-back's sake; it changes nothing. */
    union { const struct config_dictionary *in; void *out; } context = { .in = dictionary };

    return expand_text(text, look_up, context.out, out, why);
}

void config_dictionary_each(const struct config_dictionary *dictionary, config_dictionary_visit *visit, void *context)
{
    const struct own *own;

    for (size_t row = 0; row < parameter_count; row++) {
        const struct known *known = &dictionary->known[row];
        if (known->value != NULL)
            visit(context, parameter_table[row].name, known->value, known->origin, known->line);
    }
    for (own = dictionary->own; own != NULL; own = own->hh.next)
        visit(context, own->name, own->value, own->origin, own->line);
}
