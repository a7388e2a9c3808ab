/* postalias: makes, changes and asks alias tables (postalias(1), aliases(5)). */
#include <stdlib.h>
#include <time.h>

#include "util/log/log.h"
#include "util/tool/alias_line.h"
#include "util/tool/map_command.h"

static void put_line(struct map_target *target, unsigned line_number, const char *line)
{
    struct str name = {0};
    struct str value = {0};
    const char *why;

    if (alias_line_parse(line, &name, &value, &why))
        map_command_put(target, str_text(&name), str_text(&value));
    else
        log_warning("%s, line %u: %s", target->source_name, line_number, why);
    str_free(&name);
    str_free(&value);
}

/* What Sendmail ("@") and NIS (the YP_ entries, which never have a zero byte) want to see in an alias table. */
static void finish(struct map_target *target)
{
    struct str now = {0};

    str_printf(&now, "%lld", (long long)time(NULL));
    target->replace = true;
    map_command_put(target, "@", "@");
    target->flags &= ~(unsigned)TABLE_FOLD;
    table_set_plain(target->table);
    map_command_put(target, "YP_LAST_MODIFIED", str_text(&now));
    map_command_put(target, "YP_MASTER_NAME", target->config->myhostname);
    str_free(&now);
}

int main(int argc, char **argv)
{
    static const struct map_program program = {
        .name = "postalias",
        .options = "+c:d:finNopq:rsuvw",
        .usage = "[-Nfinoprsuvw] [-c config_dir] [-d key] [-q key] [map_type:]file...",
        .separator = ":\t",
        .put_line = put_line,
        .finish = finish,
    };

    return map_command_run(&program, argc, argv);
}
