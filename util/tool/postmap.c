/* postmap: makes, changes and asks look-up tables (postmap(1)). */
#include <stdlib.h>

#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/table/file_value.h"
#include "util/tool/map_command.h"

static void put_line(struct map_target *target, unsigned line_number, const char *line)
{
    size_t key_length;
    const char *value;

    if (!source_split(target->source_name, line_number, line, &key_length, &value))
        return;
    if (key_length == 0) {
        log_warning("%s, line %u: expected format: key whitespace value", target->source_name, line_number);
        return;
    }
    if (line[key_length - 1] == ':')
        log_warning("%s, line %u: record is in \"key: value\" format; is this an alias file?", target->source_name,
            line_number);
    char *key = memory_copy_bytes(line, key_length);
    struct str content = {0};
    struct str why = {0};
    if (!target->file_values)
        map_command_put(target, key, value);
    else if (file_value_encode(value, &content, &why))
        map_command_put(target, key, str_text(&content));
    else
        log_warning("%s, line %u: %s: skipping this entry", target->source_name, line_number, str_text(&why));
    free(key);
    str_free(&content);
    str_free(&why);
}

int main(int argc, char **argv)
{
    static const struct map_program program = {
        .name = "postmap",
        .options = "+bc:d:fFhimnNopq:rsuUvw",
        .usage = "[-bfFhimnNoprsuUvw] [-c config_dir] [-d key] [-q key] [map_type:]file...",
        .separator = "\t",
        .put_line = put_line,
    };

    return map_command_run(&program, argc, argv);
}
