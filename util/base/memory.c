#include "util/base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

_Noreturn void memory_exhausted(void)
{
    static const char text[] = "fatal: out of memory\n";

    (void)!write(STDERR_FILENO, text, sizeof(text) - 1); /* nobody is left to tell if this fails */
    _exit(1);
}

void *memory_zeroed(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size ? size : 1);

    if (memory == NULL)
        memory_exhausted();
    return memory;
}

void *memory_resize(void *old, size_t count, size_t size)
{
    size_t bytes;

    if (__builtin_mul_overflow(count, size, &bytes))
        memory_exhausted();
    void *memory = realloc(old, bytes ? bytes : 1);
    if (memory == NULL)
        memory_exhausted();
    return memory;
}

char *memory_copy_bytes(const void *bytes, size_t length)
{
    size_t size;

    if (__builtin_add_overflow(length, 1, &size))
        memory_exhausted();
    char *copy = memory_resize(NULL, size, 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    copy[length] = '\0';
    return copy;
}

char *memory_copy_text(const char *text)
{
    return memory_copy_bytes(text, strlen(text));
}
