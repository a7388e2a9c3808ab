/* fuzz_table.c: lines of cidr, regexp, pcre and texthash tables, and any key: the first line is what is looked up, the rest the table. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fuzz/input.h"
#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/config/config.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/table/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

enum { TABLE_BYTES_MAX = 4096 };

static void look_up(const struct config *config, const char *type, const char *path, const char *key)
{
    struct str name = {0};
    struct str value = {0};

    str_printf(&name, "%s:%s", type, path);
    struct table *table = table_open(config, str_text(&name), TABLE_QUIET | TABLE_FOLD);
    if (table_find(table, key, &value) == TABLE_FOUND && strlen(str_text(&value)) != value.length)
        abort();
    (void)table_find(table, "192.0.2.1", &value);
    (void)table_find(table, "2001:db8::1", &value);
    table_close(table);
    str_free(&name);
    str_free(&value);
}

/* The C library builds "((a{99}){99}){99}" out in memory: who writes tables is trusted not to ask for that. */
static bool repeats(const char *text)
{
    const char *first = strchr(text, '{');

    return first != NULL && strchr(first + 1, '{') != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const char *const types[] = { "cidr", "texthash", "pcre", "regexp" };
    static struct config config = { .config_directory = "/", .queue_directory = "/" };
    char *text = input_text(bytes, length < TABLE_BYTES_MAX ? length : TABLE_BYTES_MAX);
    char *table = text + strcspn(text, "\n");
    char path[64] = "/tmp/fuzz_table.XXXXXX";

    log_open("fuzz", "fuzz");
    log_without_syslog();
    if (*table == '\n')
        *table++ = '\0';
    int fd = mkstemp(path);
    if (fd >= 0 && fd_write_all(fd, table, strlen(table))) {
        for (size_t i = 0; i < COUNT_OF(types) - repeats(table); i++)
            look_up(&config, types[i], path, text);
    }
    (void)unlink(path);
    fd_close(&fd);
    free(text);
    return 0;
}
