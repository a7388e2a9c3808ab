#include "util/config/parameter.h"

#include <limits.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_values.h"

#define COMPUTED NULL
#define ANY { .limited = false }
#define RANGE(low, high) { .limited = true, .min = (low), .max = (high) }
#define ONE_OF(list) { .words = list }
#define NONEMPTY { .nonempty = true }
#define ABSOLUTE { .nonempty = true, .absolute = true }
#define READ_BY(list) { .state = PARAMETER_READ, .programs = list }
#define LATER(list) { .state = PARAMETER_LATER, .programs = list }
#define UNUSED(reason) { .state = PARAMETER_UNUSED, .programs = "", .why = reason }

#define PARAMETER(id, kind, standard, limits, used, about) \
    { #id, PARAMETER_##kind, standard, limits, used, about, offsetof(struct config, id) },
#define PARAMETER_NAMED(id, title, kind, standard, limits, used, about) \
    { title, PARAMETER_##kind, standard, limits, used, about, offsetof(struct config, id) },
#define TRANSPORT_PARAMETER(...)
const struct parameter parameter_table[] = {
#include "util/config/parameters.def"
};
const size_t parameter_count = COUNT_OF(parameter_table);
#undef PARAMETER
#undef PARAMETER_NAMED
#undef TRANSPORT_PARAMETER

#define PARAMETER(...)
#define PARAMETER_NAMED(...)
#define TRANSPORT_PARAMETER(suffix, kind, standard, limits, used, about) \
    { #suffix, PARAMETER_##kind, standard, limits, used, about, 0 },
const struct parameter parameter_transport_table[] = {
#include "util/config/parameters.def"
    { 0 }
};
const size_t parameter_transport_count = COUNT_OF(parameter_transport_table) - 1;

/* Open addressing; row + 1, so that 0 is a free slot. */
#define SLOTS 4096
static uint16_t slots[SLOTS];

_Static_assert(COUNT_OF(parameter_table) < SLOTS / 2, "the index by name is too small");

static size_t slot_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    return (hash ^ (hash >> 15)) % SLOTS;
}

static void make_index(void)
{
    for (size_t row = 0; row < parameter_count; row++) {
        size_t slot = slot_of(parameter_table[row].name);
        while (slots[slot] != 0)
            slot = (slot + 1) % SLOTS;
        slots[slot] = (uint16_t)(row + 1);
    }
}

const struct parameter *parameter_find(const char *name)
{
    static bool made;

    if (!made) {
        make_index();
        made = true;
    }
    for (size_t slot = slot_of(name); slots[slot] != 0; slot = (slot + 1) % SLOTS) {
        const struct parameter *parameter = &parameter_table[slots[slot] - 1];
        if (text_equal(parameter->name, name))
            return parameter;
    }
    return NULL;
}

size_t parameter_index(const struct parameter *parameter)
{
    return (size_t)(parameter - parameter_table);
}

const struct parameter *parameter_find_suffix(const char *suffix)
{
    for (size_t i = 0; i < parameter_transport_count; i++) {
        if (text_equal(parameter_transport_table[i].name, suffix))
            return &parameter_transport_table[i];
    }
    return NULL;
}

const struct parameter *parameter_find_transport(const char *name, size_t *transport_length)
{
    const struct parameter *best = NULL;

    for (size_t i = 0; i < parameter_transport_count; i++) {
        const struct parameter *suffix = &parameter_transport_table[i];
        /* The longest suffix wins: x_destination_recipient_limit isn't transport x_destination. */
        if (strlen(name) > strlen(suffix->name) && text_ends_with(name, suffix->name)
            && (best == NULL || strlen(suffix->name) > strlen(best->name)))
            best = suffix;
    }
    if (best != NULL)
        *transport_length = strlen(name) - strlen(best->name);
    return best;
}

bool parameter_is_read_by(const struct parameter *parameter, const char *program)
{
    const char *cursor = parameter->reader.programs;
    const char *word;
    size_t length;

    if (program == NULL || parameter->reader.state != PARAMETER_READ)
        return false;
    while (text_next_word(&cursor, " ", &word, &length)) {
        if ((length == 1 && *word == '*') || (strlen(program) == length && memcmp(word, program, length) == 0))
            return true;
    }
    return false;
}
