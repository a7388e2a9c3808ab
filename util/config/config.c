#include "util/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_check.h"
#include "util/config/config_computed.h"
#include "util/config/config_dictionary.h"
#include "util/config/main_cf.h"
#include "util/config/parameter.h"
#include "util/config/value.h"
#include "util/log/log.h"
#include "util/net/idn.h"

static void *member(struct config *config, const struct parameter *parameter)
{
    return (char *)config + parameter->offset;
}

static void store_number(struct config *config, const struct parameter *parameter, int64_t value)
{
    if (parameter->type == PARAMETER_BOOL)
        *(bool *)member(config, parameter) = value != 0;
    else
        *(int64_t *)member(config, parameter) = value;
}

/* The text of a parameter, expanded in *scratch if need be. */
static bool expanded(const struct config *config, const char *raw, struct str *scratch, const char **text, struct str *why)
{
    *text = raw;
    if (strchr(raw, '$') == NULL)
        return true;
    str_clear(scratch);
    if (!config_dictionary_expand(config->dictionary, raw, scratch, why))
        return false;
    *text = str_text(scratch);
    return true;
}

/* A raw parameter whose text is nothing but the name of another one takes that one's raw text. */
static const char *raw_text(const struct config *config, const struct parameter *parameter)
{
    const char *raw = config_dictionary_raw_of(config->dictionary, parameter);
    const struct parameter *other;

    for (int depth = 0; raw != NULL && raw[0] == '$' && depth < 8; depth++) {
        other = parameter_find(raw + 1);
        if (other == NULL || other->type != PARAMETER_RAW)
            break;
        raw = config_dictionary_raw_of(config->dictionary, other);
    }
    return raw != NULL ? raw : "";
}

static bool load_text(struct config *config, const struct parameter *parameter, bool counts, struct str *scratch,
    struct str *why)
{
    const char *text;

    if (parameter->type == PARAMETER_RAW) {
        text = raw_text(config, parameter);
    } else {
        const char *raw = config_dictionary_raw_of(config->dictionary, parameter);
        if (!expanded(config, raw != NULL ? raw : "", scratch, &text, why)) {
            if (counts)
                return false;
            text = "";
        }
        if (text == scratch->data && text != NULL)
            text = arena_copy_text(config_dictionary_arena(config->dictionary), text);
    }
    *(const char **)member(config, parameter) = text;
    return !counts
        || (config_check_text(parameter, text, why) && value_check_text(parameter, parameter->name, text, why));
}

/* A number that doesn't count and is bad falls back to the default. */
static bool load_number(struct config *config, const struct parameter *parameter, bool counts, struct str *scratch,
    struct str *why)
{
    const char *texts[] = { config_dictionary_raw_of(config->dictionary, parameter), parameter->value };
    const char *text;
    int64_t value = 0;

    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (texts[i] != NULL && expanded(config, texts[i], scratch, &text, why)
            && value_parse_number(parameter, parameter->name, text, &value, why))
            break;
        if (counts && texts[i] != NULL)
            return false;
        value = 0;
    }
    store_number(config, parameter, value);
    return true;
}

static bool load_members(struct config *config, const char *program, struct str *why)
{
    struct str scratch = { 0 };
    bool good = true;

    for (size_t row = 0; good && row < parameter_count; row++) {
        const struct parameter *parameter = &parameter_table[row];
        bool counts = config_dictionary_origin_of(config->dictionary, parameter) > CONFIG_COMPUTED
            && config_check_counts(parameter, program);
        if (value_is_number(parameter->type))
            good = load_number(config, parameter, counts, &scratch, why);
        else
            good = load_text(config, parameter, counts, &scratch, why);
    }
    str_free(&scratch);
    return good;
}

static struct config *config_new(void)
{
    struct config *config = memory_new(struct config);

    config->dictionary = config_dictionary_new();
    return config;
}

struct loading {
    struct config_dictionary *dictionary;
    const char *file;
};

static void take_entry(void *context, const char *name, const char *value, int line)
{
    const struct loading *loading = context;

    if (config_dictionary_origin(loading->dictionary, name) >= CONFIG_MAIN_CF
        && strcmp(config_dictionary_raw(loading->dictionary, name), value) != 0)
        log_warning("%s, line %d: overriding earlier entry: %s=%s", loading->file, line, name,
            config_dictionary_raw(loading->dictionary, name));
    config_dictionary_set(loading->dictionary, name, value, CONFIG_MAIN_CF, line);
}

static void warn(void *context, const char *text)
{
    log_warning("%s", text);
}

/* What is the same for both ways to load, after main.cf was read. */
static bool finish(struct config *new, const struct config_override *overrides, size_t override_count,
    const char *program, struct str *why)
{
    for (size_t i = 0; i < override_count; i++)
        config_dictionary_set(new->dictionary, overrides[i].name, overrides[i].value, CONFIG_OVERRIDE, 0);
    config_computed_set(new->dictionary, program);
    return config_computed_read_files(new->dictionary, why) && load_members(new, program, why);
}

bool config_from_text(const char *text, const struct config_override *overrides, size_t override_count,
    const char *program, struct config **config, struct str *why)
{
    struct config *new = config_new();
    struct loading loading = { new->dictionary, "main.cf" };
    struct main_cf_reader reader = { .entry = take_entry, .warning = warn, .context = &loading };

    if (main_cf_read_text("main.cf", text, strlen(text), &reader, why)
        && finish(new, overrides, override_count, program, why)) {
        *config = new;
        return true;
    }
    config_free(new);
    return false;
}

bool config_load(const char *directory, const struct config_override *overrides, size_t override_count,
    const char *program, struct config **config, struct str *why)
{
    struct config *new = config_new();
    struct loading loading = { .dictionary = new->dictionary };
    struct main_cf_reader reader = { .entry = take_entry, .warning = warn, .context = &loading };
    struct str file = { 0 };

    if (directory == NULL)
        directory = getenv("MAIL_CONFIG");
    if (directory == NULL)
        directory = CONFIG_DIRECTORY;
    str_printf(&file, "%s/main.cf", directory);
    loading.file = str_text(&file);
    bool good = main_cf_read_file(loading.file, &reader, why);
    /* Not main.cf but the caller decides where the configuration is. */
    config_dictionary_set(new->dictionary, "config_directory", directory, CONFIG_OVERRIDE, 0);
    good = good && finish(new, overrides, override_count, program, why)
        && config_check_users(new, str_text(&file), program, why);
    str_free(&file);
    if (good) {
        idn_use_2003(new->enable_idna2003_compatibility);
        *config = new;
    } else {
        config_free(new);
    }
    return good;
}

void config_free(struct config *config)
{
    if (config == NULL)
        return;
    config_dictionary_free(config->dictionary);
    free(config);
}

const char *config_value(const struct config *config, const char *name)
{
    struct str scratch = { 0 };
    struct str why = { 0 };
    const char *text;

    const char *raw = config_dictionary_raw(config->dictionary, name);
    if (raw == NULL)
        return NULL;
    if (!expanded(config, raw, &scratch, &text, &why))
        text = "";
    if (text != raw)
        text = arena_copy_text(config_dictionary_arena(config->dictionary), text);
    str_free(&scratch);
    str_free(&why);
    return text;
}

bool config_is_set(const struct config *config, const char *name)
{
    return config_dictionary_origin(config->dictionary, name) > CONFIG_COMPUTED;
}

bool config_expand(const struct config *config, const char *text, struct str *out)
{
    struct str why = { 0 };

    bool good = config_dictionary_expand(config->dictionary, text, out, &why);
    if (!good)
        str_set(out, str_text(&why));
    str_free(&why);
    return good;
}

int64_t config_transport_number(const struct config *config, const char *transport, const char *suffix)
{
    const struct parameter *parameter = parameter_find_suffix(suffix);
    struct str name = { 0 };
    struct str scratch = { 0 };
    struct str why = { 0 };
    const char *text;
    int64_t value = 0;

    str_printf(&name, "%s%s", transport, suffix);
    const struct parameter *own = parameter_find(str_text(&name));
    const char *raw = config_dictionary_raw(config->dictionary, str_text(&name));
    if (own != NULL)
        parameter = own;
    bool good = parameter != NULL && raw != NULL && expanded(config, raw, &scratch, &text, &why)
        && value_parse_number(parameter, str_text(&name), text, &value, &why);
    if (!good && parameter != NULL && parameter->value != NULL
        && expanded(config, parameter->value, &scratch, &text, &why)
        && !value_parse_number(parameter, str_text(&name), text, &value, &why))
        value = 0;
    str_free(&name);
    str_free(&scratch);
    str_free(&why);
    return value;
}

static bool is_text(const struct parameter *parameter)
{
    return parameter->type == PARAMETER_TEXT || parameter->type == PARAMETER_RAW;
}

static void copy_member(struct config *config, const struct parameter *from, const struct parameter *to)
{
    if (is_text(to) && is_text(from))
        *(const char **)member(config, to) = *(const char **)member(config, from);
    else if (to->type == PARAMETER_BOOL && from->type == PARAMETER_BOOL)
        *(bool *)member(config, to) = *(const bool *)member(config, from);
    else if (!is_text(to) && !is_text(from) && to->type != PARAMETER_BOOL && from->type != PARAMETER_BOOL)
        *(int64_t *)member(config, to) = *(const int64_t *)member(config, from);
}

void config_use_prefix(struct config *config, const char *from_prefix, const char *to_prefix)
{
    struct str name = { 0 };

    for (size_t row = 0; row < parameter_count; row++) {
        const struct parameter *from = &parameter_table[row];
        if (!text_starts_with(from->name, from_prefix))
            continue;
        str_set(&name, to_prefix);
        str_put(&name, from->name + strlen(from_prefix));
        const struct parameter *to = parameter_find(str_text(&name));
        if (to != NULL)
            copy_member(config, from, to);
    }
    str_free(&name);
}
