#include "master/command/examine_tls.h"

#include <stdio.h>
#include <time.h>

#include "util/base/text.h"
#include "util/config/config_tls.h"
#include "util/config/master_cf.h"
#include "util/log/log.h"
#include "util/net/tls_chain.h"

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

/* On the terminal, for what the log has, too: "master.cf: line 7: smtp: ...". */
static void print(const struct config *config, const struct master_cf_entry *entry, const char *prefix, const char *text)
{
    (void)fprintf(stderr, "%s/master.cf: line %d: %s: %s%s\n", config->config_directory, entry->line,
        entry->fields[MASTER_CF_SERVICE], prefix, text);
}

/* The context has logged it. */
static void print_expiry(const struct config *config, const struct master_cf_entry *entry, const struct tls_context *context,
    struct str *last)
{
    struct str text = {0};

    tls_context_put_expiry(context, &text);
    if (text.length > 0 && !text_equal(str_text(&text), str_text(last))) {
        print(config, entry, "warning: ", str_text(&text));
        str_set(last, str_text(&text));
    }
    str_free(&text);
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
        if (good)
            print_expiry(config, entry, context, last);
        tls_context_close(context);
    }
    if (!good && !text_equal(str_text(&why), str_text(last))) { /* the same fault counts once */
        log_warning("%s: %s: %s", entry->fields[MASTER_CF_SERVICE], entry->fields[MASTER_CF_COMMAND], str_text(&why));
        print(config, entry, "", str_text(&why));
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

static void warn_of_files(const char *parameter, const char *files, struct str *last)
{
    struct str text = {0};
    struct str file = {0};
    const char *word;
    size_t length;

    while (text_next_word(&files, TEXT_LIST_SEPARATORS, &word, &length)) {
        str_clear(&text);
        str_set(&file, "");
        str_put_bytes(&file, word, length);
        tls_chain_put_file_expiry(str_text(&file), time(NULL), &text);
        if (text.length > 0 && !text_equal(str_text(&text), str_text(last))) {
            log_warning("%s: %s: %s", parameter, str_text(&file), str_text(&text));
            str_set(last, str_text(&text));
        }
    }
    str_free(&text);
    str_free(&file);
}

/* Without the words of config_tls_server_level, which each server says for itself. */
static bool offers_tls(const struct config *config)
{
    const char *level = config->smtpd_tls_security_level;

    if (*level != '\0' && !text_equal_nocase(level, "none"))
        return true;
    return config->smtpd_tls_wrappermode || (*level == '\0' && (config->smtpd_use_tls || config->smtpd_enforce_tls));
}

static void warn_of_entry(const struct config *config, const struct master_cf_entry *entry, struct str *last)
{
    struct config *own = load(config, entry);

    if (own != NULL && offers_tls(own)) {
        bool has_chain = *own->smtpd_tls_chain_files != '\0';
        warn_of_files("smtpd_tls_chain_files", own->smtpd_tls_chain_files, last);
        warn_of_files("smtpd_tls_cert_file", has_chain ? "" : own->smtpd_tls_cert_file, last);
        warn_of_files("smtpd_tls_eccert_file", has_chain ? "" : own->smtpd_tls_eccert_file, last);
    }
    config_free(own);
}

void examine_tls_expiry(const struct config *config)
{
    struct master_cf *master_cf;
    struct str last = {0};

    if (master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &last)) {
        str_clear(&last);
        for (size_t i = 0; i < master_cf->count; i++) {
            if (text_equal(master_cf->entries[i].fields[MASTER_CF_COMMAND], "smtpd"))
                warn_of_entry(config, &master_cf->entries[i], &last);
        }
        master_cf_free(master_cf);
    }
    str_free(&last);
}
