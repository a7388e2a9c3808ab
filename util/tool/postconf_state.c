#include "util/tool/postconf_state.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/text.h"
#include "util/config/config_computed.h"
#include "util/config/main_cf.h"
#include "util/log/log.h"

static void take_entry(void *context, const char *name, const char *value, int line)
{
    struct postconf *postconf = context;

    if (config_dictionary_origin(postconf->dictionary, name) >= CONFIG_MAIN_CF
        && strcmp(config_dictionary_raw(postconf->dictionary, name), value) != 0)
        log_warning("%s, line %d: overriding earlier entry: %s=%s", postconf->main_cf, line, name,
            config_dictionary_raw(postconf->dictionary, name));
    config_dictionary_set(postconf->dictionary, name, value, CONFIG_MAIN_CF, line);
}

static void warn(void *context, const char *text)
{
    log_warning("%s", text);
}

static void load_main_cf(struct postconf *postconf)
{
    struct main_cf_reader reader = { .entry = take_entry, .warning = warn, .context = postconf };
    struct str why = { 0 };

    postconf->dictionary = config_dictionary_new();
    config_dictionary_set(postconf->dictionary, "config_directory", postconf->directory,
        postconf->options['d'] || !postconf->directory_was_given ? CONFIG_COMPUTED : CONFIG_MAIN_CF, 0);
    if (!postconf->options['d']) {
        if (!main_cf_read_file(postconf->main_cf, &reader, &why))
            log_fatal("%s", str_text(&why));
        for (size_t i = 0; i < postconf->override_count; i++)
            config_dictionary_set(postconf->dictionary, postconf->overrides[i].name, postconf->overrides[i].value,
                CONFIG_OVERRIDE, 0);
    }
    config_computed_set(postconf->dictionary, "postconf");
    str_free(&why);
}

static void load_master_cf(struct postconf *postconf, bool needed)
{
    struct str why = { 0 };

    if (!master_cf_load(postconf->directory, false, warn, NULL, &postconf->master_cf, &why)) {
        /* Only that there is none may be overlooked. */
        if (needed || !text_starts_with(str_text(&why), "open "))
            log_fatal("%s", master_cf_reason(str_text(&why)));
        log_warning("%s", str_text(&why));
    }
    str_free(&why);
}

static void warn_undefined(const struct postconf *postconf, bool in_master_cf)
{
    for (size_t i = 0; i < postconf->check->count; i++) {
        const struct check_finding *finding = &postconf->check->findings[i];
        if (finding->kind == CHECK_UNDEFINED && (finding->entry != NULL) == in_master_cf)
            log_warning("%s: undefined parameter: %s",
                in_master_cf ? postconf->master_cf_file : postconf->main_cf, finding->name);
        else if (finding->kind == CHECK_MALFORMED && (finding->entry != NULL) == in_master_cf)
            log_warning("%s", finding->reason);
    }
}

void postconf_state_load(struct postconf *postconf, bool needs_master_cf)
{
    /* What was asked for comes first: its errors do, too. */
    if (needs_master_cf)
        load_master_cf(postconf, true);
    load_main_cf(postconf);
    if (!needs_master_cf)
        load_master_cf(postconf, false);
    postconf->check = check_new(postconf->dictionary, postconf->master_cf);
    if (postconf->options['d'])
        return;
    warn_undefined(postconf, true);
    warn_undefined(postconf, false);
}

/* Of several -o in an entry only the last one has an effect. */
static bool is_last_of_name(const struct check_finding *finding)
{
    for (size_t i = finding->entry->override_count; i-- > 0;) {
        if (text_equal(finding->entry->overrides[i].name, finding->name))
            return finding->entry->overrides[i].value == finding->value;
    }
    return true;
}

void postconf_state_warn_unused(const struct postconf *postconf, bool with_main_cf)
{
    for (size_t i = 0; i < postconf->check->count; i++) {
        const struct check_finding *finding = &postconf->check->findings[i];
        if (finding->kind == CHECK_UNKNOWN && (finding->entry != NULL ? is_last_of_name(finding) : with_main_cf))
            log_warning("%s: unused parameter: %s=%s",
                finding->entry != NULL ? postconf->master_cf_file : postconf->main_cf, finding->name,
                finding->value);
    }
}

void postconf_state_free(struct postconf *postconf)
{
    check_free(postconf->check);
    config_dictionary_free(postconf->dictionary);
    master_cf_free(postconf->master_cf);
    arena_free(postconf->arena);
}
