/* postconf_edit.h: changes of main.cf and master.cf by postconf: written to a new file, synced, renamed. Comments and
 * everything that isn't touched stay as they are; mode and owner too. */
#ifndef UTIL_TOOL_POSTCONF_EDIT_H
#define UTIL_TOOL_POSTCONF_EDIT_H
#include "util/base/str.h"
#include "util/tool/postconf_state.h"

/* action: 'e' set, 'X' remove, '#' comment out. Ends the process if it is impossible. */
void postconf_edit_main_cf(struct postconf *postconf, char action);
/* mode: 'M' entries, 'F' fields, 'P' parameters. */
void postconf_edit_master_cf(struct postconf *postconf, char mode, char action);

/* Refuses what would damage the file: several lines, comments. */
void postconf_edit_check_text(const char *text);
/* Refuses a file in a folder where nothing can be written, before anything else is looked at. */
void postconf_edit_check_folder(const char *file);
/* Puts the new content in the place of the old. */
void postconf_edit_replace(const char *file, const struct str *content);
/* A physical line with its end; false at the end of the text. */
bool postconf_edit_next_line(const char **cursor, const char *end, const char **line, size_t *length);
enum postconf_line { POSTCONF_LINE_COMMENT, POSTCONF_LINE_CONTINUES, POSTCONF_LINE_STARTS };
enum postconf_line postconf_edit_line_kind(const char *line, size_t length);
/* Appends a line and sees to its end. */
void postconf_edit_put_line(struct str *out, const char *prefix, const char *line, size_t length);
#endif
