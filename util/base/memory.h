/* memory.h: allocation that never returns NULL. A process that runs out of memory ends with one line on standard
 * error (and is started again by its supervisor); nothing that it had acknowledged is lost by that. */
#ifndef UTIL_BASE_MEMORY_H
#define UTIL_BASE_MEMORY_H
#include <stddef.h>

/* The number of elements of an array. */
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* Zeroed memory; the caller frees it with free(). memory_new(struct thing) is the usual form. */
void *memory_zeroed(size_t count, size_t size);
#define memory_new(type) ((type *)memory_zeroed(1, sizeof(type)))

/* Like realloc for an array of count elements, checked for overflow. */
void *memory_resize(void *old, size_t count, size_t size);

/* Copies of text; the caller frees them. */
char *memory_copy_text(const char *text);
char *memory_copy_bytes(const void *bytes, size_t length); /* a zero byte is added */

/* Ends the process: out of memory. */
_Noreturn void memory_exhausted(void);
#endif
