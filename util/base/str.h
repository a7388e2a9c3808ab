/* str.h: text (or bytes) that grows. It knows its length, is always followed by a zero byte, and never truncates in
 * silence. A zeroed struct is an empty string: `struct str line = {0};`. */
#ifndef UTIL_BASE_STR_H
#define UTIL_BASE_STR_H
#include <stdarg.h>
#include <stddef.h>

struct str {
    char *data; /* NULL while nothing was ever put in: use str_text() for a C string */
    size_t length;
    size_t capacity;
};

void str_free(struct str *str);  /* releases the memory; the struct is empty and usable afterwards */
void str_clear(struct str *str); /* length 0, memory kept */
void str_truncate(struct str *str, size_t length); /* length must not be more than the present one */
void str_reserve(struct str *str, size_t more);    /* room for so many more bytes */

/* set replaces; put appends. A null pointer for text isn't allowed. */
void str_set(struct str *str, const char *text);
void str_put(struct str *str, const char *text);
void str_put_bytes(struct str *str, const void *bytes, size_t length);
void str_put_char(struct str *str, char c);
void str_put_number(struct str *str, unsigned long long number); /* decimal */
void str_printf(struct str *str, const char *format, ...) __attribute__((format(printf, 2, 3))); /* appends, slowly */
void str_vprintf(struct str *str, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* The content as a C string, "" while empty; valid until the next change. */
const char *str_text(const struct str *str);
/* Hands over the memory (free() it) and leaves the struct empty. */
char *str_take(struct str *str);
#endif
