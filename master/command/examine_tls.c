#include "master/command/examine_tls.h"

#include <stdio.h>

#include "util/base/text.h"
#include "util/config/config_tls.h"
#include "util/config/master_cf.h"
#include "util/log/log.h"

/* The service's own view. NULL: it can't be loaded, which others report. */
static struct config *load(const struct config *config, const struct master_cf_entry *entry)
{
    struct config *own = NULL;
    struct str why = {0};

    if (!config_load(config->config_directory, entry->overrides, entry->override_count, NULL, &own, &why))
        own = NULL;
    str_free(&why);
    return own;
}

/* What a process of the service would load, or nothing. */
static bool find_settings(struct config *config, const char *program, struct arena *arena,
    struct tls_settings *settings)
{
    bool lmtp = text_equal(program, "lmtp");

    if (text_equal(program, "smtpd")) {
        enum config_tls_level level = config_tls_server_level(config);
        config_tls_server(config, level, arena, settings);
        return level != CONFIG_TLS_NONE;
    }
    if (!lmtp && !text_equal(program, "smtp"))
        return false;
    if (lmtp)
        config_use_prefix(config, "lmtp_", "smtp_");
    config_tls_client(config, lmtp ? "lmtp_tls_" : "smtp_tls_", settings);
    return *config->smtp_tls_security_level != '\0' && !text_equal_nocase(config->smtp_tls_security_level, "none");
}

static bool examine_entry(const struct config *config, const struct master_cf_entry *entry, struct str *last)
{
    struct config *own = load(config, entry);
    struct arena *arena = arena_new();
    struct tls_settings settings;
    struct str why = {0};
    bool good = true;

    if (own != NULL && find_settings(own, entry->fields[MASTER_CF_COMMAND], arena, &settings)) {
        struct tls_context *context = tls_context_open(&settings, &why);
        good = context != NULL;
        tls_context_close(context);
    }
    if (!good && !text_equal(str_text(&why), str_text(last))) { /* the same fault counts once */
        log_warning("%s: %s: %s", entry->fields[MASTER_CF_SERVICE], entry->fields[MASTER_CF_COMMAND], str_text(&why));
        (void)fprintf(stderr, "%s/master.cf: line %d: %s: %s\n", config->config_directory, entry->line,
            entry->fields[MASTER_CF_SERVICE], str_text(&why)); /* the log has it, too */
        str_set(last, str_text(&why));
    }
    str_free(&why);
    arena_free(arena);
    config_free(own);
    return good;
}

bool examine_tls(const struct config *config)
{
    struct master_cf *master_cf;
    struct str last = {0};
    bool good = true;

    if (!master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &last)) {
        str_free(&last);
        return true; /* somebody else says so */
    }
    for (size_t i = 0; i < master_cf->count; i++) {
        const struct master_cf_entry *entry = &master_cf->entries[i];
        const char *program = entry->fields[MASTER_CF_COMMAND];
        if (text_equal(program, "smtpd") || text_equal(program, "smtp") || text_equal(program, "lmtp"))
            good = examine_entry(config, entry, &last) && good;
    }
    master_cf_free(master_cf);
    str_free(&last);
    return good;
}
