/* parameter.h: what is declared about every main.cf parameter in util/config/parameters/ (one .def file per family; a new
 * family is one line in parameters.def). Struct members, defaults, checks, postconf and the manual come from there.
 *
 *   PARAMETER(name, type, default, range, reader, text)
 *   PARAMETER_NAMED(member, "name", type, ...)     for names that are no C identifier
 *   TRANSPORT_PARAMETER(_suffix, type, ...)        <transport>_suffix for every transport in master.cf
 *
 * type     BOOL; COUNT; SIZE (bytes); TIME_S TIME_M TIME_H TIME_D TIME_W (the unit of a number without one);
 *          TEXT ($name is expanded when main.cf is loaded); RAW (the program expands it with its own names)
 * default  as main.cf would write it, or COMPUTED (config_computed.c)
 * range    RANGE(min, max), ONE_OF("a b c"), NONEMPTY, ABSOLUTE (a path) or ANY
 * reader   READ_BY("programs"), LATER("programs") (known, not built yet), UNUSED("why, and what to use instead");
 *          "*" stands for every program */
#ifndef UTIL_CONFIG_PARAMETER_H
#define UTIL_CONFIG_PARAMETER_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum parameter_type {
    PARAMETER_BOOL,
    PARAMETER_COUNT,
    PARAMETER_SIZE,
    PARAMETER_TIME_S,
    PARAMETER_TIME_M,
    PARAMETER_TIME_H,
    PARAMETER_TIME_D,
    PARAMETER_TIME_W,
    PARAMETER_TEXT,
    PARAMETER_RAW,
};

enum parameter_state { PARAMETER_READ, PARAMETER_LATER, PARAMETER_UNUSED };

struct parameter {
    const char *name; /* of a transport parameter: the suffix, with its '_' */
    enum parameter_type type;
    const char *value; /* the default; NULL: computed */
    struct {
        bool limited; /* min and max count */
        int64_t min;
        int64_t max;
        const char *words; /* the only values allowed, separated by blanks, or NULL */
        bool nonempty;
        bool absolute; /* a path from the root */
    } range;
    struct {
        enum parameter_state state;
        const char *programs; /* READ, LATER: separated by blanks */
        const char *why;      /* UNUSED */
    } reader;
    const char *text;
    size_t offset; /* in struct config */
};

/* All of them, family by family. The tables are constant; the index by name is made at first use. */
extern const struct parameter parameter_table[];
extern const size_t parameter_count;
extern const struct parameter parameter_transport_table[];
extern const size_t parameter_transport_count;

/* NULL: nobody declared it. */
const struct parameter *parameter_find(const char *name);
/* The row of parameter_table, for arrays beside it. */
size_t parameter_index(const struct parameter *parameter);
/* The declaration behind <transport><suffix>; also finds it for a whole name of which some start is the transport. */
const struct parameter *parameter_find_suffix(const char *suffix);
const struct parameter *parameter_find_transport(const char *name, size_t *transport_length);
/* Whether program (NULL: nobody) reads it. */
bool parameter_is_read_by(const struct parameter *parameter, const char *program);
#endif
