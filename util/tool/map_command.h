/* map_command.h: what postmap and postalias have in common: options, look-ups, removals and listings, and making a table from
 * a source file. */
#ifndef UTIL_TOOL_MAP_COMMAND_H
#define UTIL_TOOL_MAP_COMMAND_H
#include <stdbool.h>

#include "util/table/source.h"
#include "util/table/table.h"

/* A table that is being made or added to. */
struct map_target {
    const struct config *config;
    struct table *table;
    const char *source_name;
    unsigned flags;      /* TABLE_* */
    bool replace;        /* -r */
    bool silent;         /* -w */
    bool file_values;    /* -F */
};

struct map_program {
    const char *name;
    const char *options;   /* for getopt */
    const char *usage;
    const char *separator; /* between key and value in listings */
    /* Puts the entry of one logical line (map_command_put), or warns. */
    void (*put_line)(struct map_target *target, unsigned line_number, const char *line);
    /* After the last line; may be NULL. */
    void (*finish)(struct map_target *target);
};

int map_command_run(const struct map_program *program, int argc, char **argv);

/* Puts an entry; duplicates are treated as the options say; ends the process when writing fails. */
void map_command_put(struct map_target *target, const char *key, const char *value);
#endif
