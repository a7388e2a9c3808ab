/* main_cf.h: the lines of a main.cf: "name = value", continued by lines that start with white space; lines that are empty
 * or start with # don't count, not even inside a continued line. Syntax: postconf(5). */
#ifndef UTIL_CONFIG_MAIN_CF_H
#define UTIL_CONFIG_MAIN_CF_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* A logical line: several physical ones joined, line ends removed. */
struct main_cf_lines {
    const char *cursor; /* into the text; set to its start */
    const char *end;    /* behind the text */
    int next_line;      /* number of the line at the cursor; set to 1 */
    int line;           /* where the logical line starts */
    int last_line;      /* where it ends */
    struct str text;    /* the logical line; freed by the caller */
    bool is_orphan;     /* a continuation of nothing: to be warned of and skipped */
};
void main_cf_lines_start(struct main_cf_lines *lines, const char *text, size_t length);
/* False at the end. Also used for master.cf. */
bool main_cf_lines_next(struct main_cf_lines *lines);

/* Splits "name = value" in place. NULL: it is good; else what is wrong with it, in Postfix's words. */
const char *main_cf_split(char *line, char **name, char **value);

/* Calls entry for each parameter. False: *why is "FILE, line N: ..."; file is the name to use in messages. warning may be
 * called before with things that a person should know. */
struct main_cf_reader {
    void (*entry)(void *context, const char *name, const char *value, int line);
    void (*warning)(void *context, const char *text); /* may be NULL */
    void *context;
};
bool main_cf_read_text(const char *file, const char *text, size_t length, const struct main_cf_reader *reader, struct str *why);
/* The same for a file. False: *why may also be "open FILE: No such file or directory". */
bool main_cf_read_file(const char *file, const struct main_cf_reader *reader, struct str *why);
/* The whole file into *text. False: *why as above. */
bool main_cf_load(const char *file, struct str *text, struct str *why);
#endif
