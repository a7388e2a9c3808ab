#include "util/base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"

enum { BLOCK_BYTES = 4096 };

struct block {
    struct block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

struct arena {
    struct block *newest;
};

static struct block *block_new(struct block *older, size_t at_least)
{
    size_t size = at_least > BLOCK_BYTES ? at_least : BLOCK_BYTES;
    size_t bytes;

    if (__builtin_add_overflow(size, sizeof(struct block), &bytes))
        memory_exhausted();
    struct block *block = memory_resize(NULL, bytes, 1);
    block->older = older;
    block->size = size;
    block->used = 0;
    return block;
}

struct arena *arena_new(void)
{
    struct arena *arena = memory_new(struct arena);

    arena->newest = block_new(NULL, 0);
    return arena;
}

static void blocks_free(struct block *block)
{
    while (block != NULL) {
        struct block *older = block->older;
        free(block);
        block = older;
    }
}

void arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    blocks_free(arena->newest);
    free(arena);
}

void arena_reset(struct arena *arena)
{
    struct block *first = arena->newest;

    while (first->older != NULL) {
        struct block *older = first->older;
        free(first);
        first = older;
    }
    first->used = 0;
    arena->newest = first;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    size_t rounded;

    if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &rounded))
        memory_exhausted();
    rounded -= rounded % alignof(max_align_t);
    struct block *block = arena->newest;
    if (block->size - block->used < rounded)
        block = arena->newest = block_new(block, rounded);
    void *memory = block->bytes + block->used;
    block->used += rounded;
    return memset(memory, 0, size);
}

char *arena_copy_bytes(struct arena *arena, const void *bytes, size_t length)
{
    size_t size;

    if (__builtin_add_overflow(length, 1, &size))
        memory_exhausted();
    char *copy = arena_allocate(arena, size);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    return arena_copy_bytes(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    char small[256];
    va_list again;

    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof(small), format, arguments);
    if (length < 0)
        memory_exhausted();
    char *text = arena_allocate(arena, (size_t)length + 1);
    if ((size_t)length < sizeof(small))
        memcpy(text, small, (size_t)length);
    else
        (void)vsnprintf(text, (size_t)length + 1, format, again); /* measured by the first */
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    char *text = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}
