/* arena.h: memory with one lifetime (process, connection, transaction, call), freed all at once. */
#ifndef UTIL_BASE_ARENA_H
#define UTIL_BASE_ARENA_H
#include <stdarg.h>
#include <stddef.h>

struct arena;

/* Nothing is allocated before it is needed. */
struct arena *arena_new(void);
void arena_free(struct arena *arena); /* NULL is allowed */
/* Frees what was allocated from it, keeps the first block for the next use. */
void arena_reset(struct arena *arena);

/* Zeroed memory aligned for any object; never NULL. */
void *arena_allocate(struct arena *arena, size_t size);
char *arena_copy_text(struct arena *arena, const char *text);
char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length); /* a zero byte is added */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
#endif
