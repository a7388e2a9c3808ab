/* source.h: text files that tables are made from: logical lines (a line that starts with white space continues the one
 * before), without comments and blank lines. */
#ifndef UTIL_TABLE_SOURCE_H
#define UTIL_TABLE_SOURCE_H
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "util/base/str.h"

struct source;

/* A file. NULL: errno says why. Directories are refused with EISDIR. */
struct source *source_open(const char *name);
/* The rules of "{ { rule } { rule } }", or a file where name doesn't start with a brace. NULL: *why (replaced). type is for
 * its wording. */
struct source *source_open_rules(const char *type, const char *name, struct str *why);
/* Standard input and the like; the file is not closed. */
struct source *source_from_file(FILE *file, const char *name);
void source_close(struct source *source);
/* Of the open file; false for inline rules. */
bool source_stat(const struct source *source, struct stat *status);

/* The next logical line without white space at its end; false at the end. */
bool source_next(struct source *source, struct str *line);
/* Where the line read last begins. */
unsigned source_line_number(const struct source *source);
/* False: reading ended because of an error, which errno says. */
bool source_is_good(const struct source *source);

/* How many bytes of line are its key: up to white space that isn't inside double quotes (with backslashes), 0 when the line has
 * no value behind it. *value points to it. False (after a warning): unbalanced quotes. */
bool source_split(const char *name, unsigned line_number, const char *line, size_t *key_length, const char **value);
#endif
