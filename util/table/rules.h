/* rules.h: what regexp_table(5) and pcre_table(5) have in common: /pattern/flags, !, if and endif, and results with $1. */
#ifndef UTIL_TABLE_RULES_H
#define UTIL_TABLE_RULES_H
#include <stdbool.h>

#include "util/base/arena.h"
#include "util/table/table_type.h"

enum { RULES_GROUPS = 100 }; /* so many () can be substituted */

/* Where groups matched in the key: offsets, -1 if a group took no part. */
struct rules_match {
    int start[RULES_GROUPS];
    int end[RULES_GROUPS];
};

enum rules_matched { RULES_MATCHED, RULES_NOT_MATCHED, RULES_FAILED };

/* What the two engines provide. */
struct rules_engine {
    const char *type;             /* "regexp" */
    const char *verdict;          /* what becomes of a pattern without an end: "skipping", "ignoring" */
    const char *zero_index;       /* how $0 is refused: "out-of-range" or "out of range" */
    const char *flags;            /* known letters */
    /* Compiles; NULL: *why ("error in regex ..."). letters: the flags as written. *groups: number of (). */
    void *(*compile)(const char *pattern, const char *letters, unsigned *groups, struct str *why);
    void (*release)(void *compiled);
    /* groups: fill *match. RULES_FAILED: *why. */
    enum rules_matched (*match)(void *compiled, const char *key, struct rules_match *match, unsigned groups, struct str *why);
};

/* For the operations of a struct table_type. */
void *rules_open(const struct table_request *request, const struct rules_engine *engine);
void rules_close(void *data);
enum table_result rules_find(void *data, const char *key, struct str *value);
#endif
