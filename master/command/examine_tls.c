#include "master/command/examine_tls.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_dictionary.h"
#include "util/config/config_tls.h"
#include "util/config/master_cf.h"
#include "util/log/log.h"
#include "util/net/tls_chain.h"
#include "util/net/tls_options.h"
#include "util/net/tls_protocols.h"

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

/* Where a parameter of main.cf is set. */
struct place {
    const char *name;
    size_t length;
    int line; /* 0: nowhere, or by an override */
};

static void find_line(void *context, const char *name, const char *value, enum config_origin origin, int line)
{
    struct place *place = context;

    if (strlen(name) == place->length && memcmp(name, place->name, place->length) == 0)
        place->line = origin == CONFIG_MAIN_CF ? line : 0;
}

/* On the terminal, for what the log has, too: "main.cf, line 7: smtpd_tls_key_file: ...". The text begins with a parameter,
 * which an override in master.cf may have set. */
static void print(const struct config *own, const struct master_cf_entry *entry, const char *kind, const char *text)
{
    struct place place = { text, strcspn(text, ": "), 0 };

    config_dictionary_each(own->dictionary, find_line, &place);
    if (place.line > 0)
        (void)fprintf(stderr, "%s/main.cf, line %d: %s%s\n", own->config_directory, place.line, kind, text);
    else
        (void)fprintf(stderr, "%s/master.cf, line %d: %s: %s%s\n", own->config_directory, entry->line,
            entry->fields[MASTER_CF_SERVICE], kind, text);
}

/* The context has logged it. */
static void print_expiry(const struct config *own, const struct master_cf_entry *entry, const struct tls_context *context,
    struct str *last)
{
    bool has_chain = *tls_context_settings(context)->chain_files != '\0';
    struct str text = {0};

    tls_context_put_expiry(context, &text);
    if (text.length > 0) {
        struct str expiry = text;
        text = (struct str){0};
        str_printf(&text, "%s%s: %s", tls_context_settings(context)->prefix, has_chain ? "chain_files" : "cert_file",
            str_text(&expiry));
        str_free(&expiry);
    }
    if (text.length > 0 && !text_equal(str_text(&text), str_text(last))) {
        print(own, entry, "warning: ", str_text(&text));
        str_set(last, str_text(&text));
    }
    str_free(&text);
}

/* What can't be used, though that costs no connection: programs only warn of it, or find it with the destination that needs it. */
static bool check_lists(const struct tls_settings *settings, const struct config *own, struct str *why)
{
    const struct {
        const char *name;
        const char *value;
    } lists[] = {
        { settings->is_server ? "smtpd_tls_protocols" : "smtp_tls_protocols",
          settings->is_server ? own->smtpd_tls_protocols : own->smtp_tls_protocols },
        { settings->is_server ? "smtpd_tls_mandatory_protocols" : "smtp_tls_mandatory_protocols",
          settings->is_server ? own->smtpd_tls_mandatory_protocols : own->smtp_tls_mandatory_protocols },
    };
    struct tls_protocols parsed;
    uint64_t bits;

    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (!tls_protocols_parse(lists[i].value, &parsed)) {
            str_printf(why, "%s: \"%s\" isn't a list of TLS versions", lists[i].name, lists[i].value);
            return false;
        }
    }
    if (!tls_options_parse("tls_ssl_options", settings->ssl_options, &bits))
        str_printf(why, "tls_ssl_options: \"%s\" has words that nobody knows", settings->ssl_options);
    else if (!tls_options_workarounds(settings->disabled_workarounds, &bits))
        str_printf(why, "tls_disable_workarounds: \"%s\" has words that nobody knows", settings->disabled_workarounds);
    else if (settings->dh_file[0] == '/' && access(settings->dh_file, R_OK) != 0)
        str_printf(why, "smtpd_tls_dh1024_param_file: %s: %s", settings->dh_file, strerror(errno));
    return why->length == 0;
}

static bool examine_entry(const struct config *config, const struct master_cf_entry *entry, struct str *last)
{
    struct config *own = load(config, entry);
    struct arena *arena = arena_new();
    struct tls_settings settings;
    struct str why = {0};
    bool good = true;

    if (own != NULL && find_settings(own, entry->fields[MASTER_CF_COMMAND], arena, &settings)) {
        struct tls_context *context = check_lists(&settings, own, &why) ? tls_context_open(&settings, &why) : NULL;
        good = context != NULL;
        if (good)
            print_expiry(own, entry, context, last);
        tls_context_close(context);
    }
    if (!good && !text_equal(str_text(&why), str_text(last))) { /* the same fault counts once */
        log_warning("%s: %s: %s", entry->fields[MASTER_CF_SERVICE], entry->fields[MASTER_CF_COMMAND], str_text(&why));
        print(own, entry, "", str_text(&why));
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
