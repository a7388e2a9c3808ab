#include "master/command/examine_services.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "master/programs.h"
#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/config/config_dictionary.h"
#include "util/config/master_cf.h"
#include "util/log/log.h"

/* Their values are transport:nexthop. */
static const char *const transport_parameters[] = { "content_filter", "default_transport", "fallback_transport", "local_transport",
    "mailbox_transport", "relay_transport", "virtual_transport", "best_mx_transport" };

static void report(const char *text)
{
    log_warning("%s", text);
    (void)fprintf(stderr, "%s\n", text); /* the log has it, too */
}

static void examine_program(const struct config *config, const struct master_cf_entry *entry)
{
    const char *directory = programs_directory(config);
    const char *program = entry->fields[MASTER_CF_COMMAND];
    struct str path = {0};
    struct str text = {0};

    if (programs_kind(directory, program) != PROGRAM_ORDINARY)
        return;
    str_printf(&path, "%s/%s", directory, program);
    if (access(str_text(&path), X_OK) != 0) {
        str_printf(&text, "master.cf, line %d: service %s: %s: %s", entry->line, entry->fields[MASTER_CF_SERVICE], str_text(&path),
            strerror(errno));
        report(str_text(&text));
    }
    str_free(&text);
    str_free(&path);
}

static bool is_transport(const struct config *config, const struct master_cf *master_cf, const char *name)
{
    struct str path = {0};

    str_printf(&path, "%s/private/%s", config->queue_directory, name);
    bool found = master_cf_find(master_cf, name, "unix") != NULL || access(str_text(&path), F_OK) == 0;
    str_free(&path);
    return found;
}

struct examination {
    const struct config *config;
    const struct master_cf *master_cf;
};

static bool names_transport(const char *parameter)
{
    for (size_t i = 0; i < COUNT_OF(transport_parameters); i++)
        if (text_equal(transport_parameters[i], parameter))
            return true;
    return false;
}

static void examine_value(void *context, const char *parameter, const char *raw, enum config_origin origin, int line)
{
    const struct examination *examination = context;
    struct str value = {0};
    struct str text = {0};

    if (names_transport(parameter) && config_expand(examination->config, raw, &value)) {
        str_truncate(&value, strcspn(str_text(&value), ":"));
        const char *name = str_text(&value);
        if (name[0] != '\0' && strchr(name, '/') == NULL && !is_transport(examination->config, examination->master_cf, name)) {
            str_printf(&text, "main.cf, line %d: %s: master.cf has no service \"%s\"", line, parameter, name);
            report(str_text(&text));
        }
    }
    str_free(&text);
    str_free(&value);
}

void examine_services(const struct config *config)
{
    struct master_cf *master_cf;
    struct str why = {0};

    if (master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &why)) {
        struct examination examination = { config, master_cf };
        for (size_t i = 0; i < master_cf->count; i++)
            examine_program(config, &master_cf->entries[i]);
        config_dictionary_each(config->dictionary, examine_value, &examination);
        master_cf_free(master_cf);
    }
    str_free(&why); /* somebody else reports it */
}
