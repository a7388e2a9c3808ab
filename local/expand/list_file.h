/* list_file.h: files of destinations that users and administrators write: ~/.forward and :include: files. */
#ifndef LOCAL_EXPAND_LIST_FILE_H
#define LOCAL_EXPAND_LIST_FILE_H
#include "local/expand/destination.h"
#include "util/base/str.h"

/* Reads the destinations of an open file, line by line; lines that begin with '#' are comments, longer ones are taken in pieces of
 * line_limit bytes. Returns how many there were; -1 with errno when reading fails. */
long list_file_read(int fd, size_t line_limit, size_t limit, destination_found *found, void *context);
#endif
