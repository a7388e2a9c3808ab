/* driver.c: runs a fuzz target without a fuzzing engine: every file of its seed folder, then a fixed number of inputs made
 * from them by small deterministic changes (others with another number in FUZZ_SEED). Usage: fuzz_x COUNT SEED_FOLDER... With
 * clang's libFuzzer the targets are linked without this file. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { SEEDS_MAX = 512, INPUT_BYTES_MAX = 1 << 16 };

struct input {
    uint8_t *bytes;
    size_t length;
};

static struct input seeds[SEEDS_MAX];
static size_t seed_count;
static uint64_t state = 0x9E3779B97F4A7C15u;

static uint64_t next_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");

    if (file == NULL || seed_count == SEEDS_MAX)
        exit(2);
    struct input *seed = &seeds[seed_count++];
    seed->bytes = malloc(INPUT_BYTES_MAX);
    if (seed->bytes == NULL)
        exit(2);
    seed->length = fread(seed->bytes, 1, INPUT_BYTES_MAX, file);
    fclose(file);
}

static void load_folder(const char *folder)
{
    DIR *dir = opendir(folder);

    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        char path[4096];
        if (entry->d_name[0] == '.')
            continue;
        if (snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name) < (int)sizeof(path))
            load(path);
    }
    if (dir != NULL)
        closedir(dir);
}

/* A few random changes: flip, insert from another seed, cut, repeat. */
static size_t mutate(uint8_t *bytes, size_t length)
{
    static const char spice[] = "\r\n\0 \t\"\\<>@:;,.()[]{}$%!*?=/-+\x80\xff";

    for (size_t i = next_random() % 8 + 1; i > 0; i--) {
        size_t at = length == 0 ? 0 : next_random() % length;
        const struct input *other = &seeds[next_random() % seed_count];
        size_t size = next_random() % 32;
        switch (next_random() % 5) {
        case 0:
            if (length > 0)
                bytes[at] = (uint8_t)next_random();
            break;
        case 1:
            if (length > 0)
                bytes[at] = (uint8_t)spice[next_random() % (sizeof(spice) - 1)];
            break;
        case 2:
            if (at + size < length) {
                memmove(bytes + at, bytes + at + size, length - at - size);
                length -= size;
            }
            break;
        case 3:
            if (size < other->length && length + size < INPUT_BYTES_MAX) {
                memmove(bytes + at + size, bytes + at, length - at);
                memcpy(bytes + at, other->bytes + next_random() % (other->length - size), size);
                length += size;
            }
            break;
        default:
            if (length > 0)
                length = next_random() % length;
            break;
        }
    }
    return length;
}

int main(int argc, char **argv)
{
    static uint8_t bytes[INPUT_BYTES_MAX];
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 0;

    if (getenv("FUZZ_SEED") != NULL)
        state ^= strtoull(getenv("FUZZ_SEED"), NULL, 10) * 0x2545F4914F6CDD1Du;
    for (int i = 2; i < argc; i++)
        load_folder(argv[i]);
    for (size_t i = 0; i < seed_count; i++)
        LLVMFuzzerTestOneInput(seeds[i].bytes, seeds[i].length);
    if (seed_count == 0)
        return 2;
    for (long i = 0; i < count; i++) {
        const struct input *seed = &seeds[next_random() % seed_count];
        memcpy(bytes, seed->bytes, seed->length);
        LLVMFuzzerTestOneInput(bytes, mutate(bytes, seed->length));
    }
    printf("%zu seeds, %ld made from them\n", seed_count, count);
    return 0;
}
