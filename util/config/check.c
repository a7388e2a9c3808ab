#include "util/config/check.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_check.h"
#include "util/config/expand.h"
#include "util/config/value.h"

struct check_names {
    const char *name;
    UT_hash_handle hh;
};

struct checking {
    struct check *check;
    const struct config_dictionary *dictionary;
    const struct master_cf *master_cf;
    size_t capacity;
    struct check_names *table_names; /* database "name" of ldap:name; its settings are name_suffix */
    /* Whose value is being looked at. */
    const struct master_cf_entry *entry;
    int line;
};

/* Settings of tables that are kept in main.cf, as <table>_<setting>: ldap_table(5), mysql_table(5) and so on. */
static const struct { const char *type; const char *settings; } table_settings[] = {
    { "ldap", "server_host server_port bind bind_dn bind_pw cache cache_expiry cache_size search_base timeout query_filter "
              "result_format result_filter domain result_attribute leaf_result_attribute terminal_result_attribute "
              "special_result_attribute scope recursion_limit expansion_limit size_limit dereference chase_referrals "
              "version debuglevel start_tls tls_ca_cert_dir tls_ca_cert_file tls_cert tls_key tls_require_cert "
              "tls_random_file tls_cipher_suite sasl_mechs sasl_realm sasl_authz_id sasl_minssf" },
    { "mysql", "hosts user password dbname query domain result_format expansion_limit select_field table where_field "
               "additional_conditions option_file option_group tls_cert_file tls_key_file tls_CAfile tls_CApath "
               "tls_ciphers tls_verify_cert require_result_set charset idle_interval retry_interval" },
    { "pgsql", "hosts user password dbname query domain result_format expansion_limit select_function select_field table "
               "where_field additional_conditions encoding idle_interval retry_interval" },
    { "sqlite", "dbpath query domain result_format expansion_limit select_field table where_field "
                "additional_conditions" },
    { "memcache", "memcache backup flags ttl key_format domain line_size_limit data_size_limit max_try retry_pause "
                  "timeout" },
    { "mongodb", "uri dbname collection query_filter result_attribute projection result_format domain expansion_limit" },
};

static bool has_word(const char *words, const char *word, size_t length)
{
    const char *one;
    size_t one_length;

    while (text_next_word(&words, " ", &one, &one_length)) {
        if (one_length == length && memcmp(one, word, length) == 0)
            return true;
    }
    return false;
}

static bool names_have(const struct check_names *names, const char *name)
{
    struct check_names *found;

    HASH_FIND_STR(names, name, found);
    return found != NULL;
}

static void names_add(struct checking *checking, struct check_names **names, const char *name)
{
    if (names_have(*names, name))
        return;
    struct check_names *new = arena_allocate(checking->check->arena, sizeof(*new));
    new->name = arena_copy_text(checking->check->arena, name);
    HASH_ADD_KEYPTR(hh, *names, new->name, strlen(new->name), new);
}

bool check_is_referred_to(const struct check *check, const char *name)
{
    return names_have(check->used, name);
}

bool check_program_has_suffix(const char *program, const struct parameter *suffix)
{
    static const char transports[] = "error lmtp local pipe smtp virtual";

    if (text_equal(suffix->name, "_time_limit"))
        return text_equal(program, "pipe") || text_equal(program, "spawn");
    return has_word(transports, program, strlen(program));
}

bool check_is_transport_parameter(const struct master_cf *master_cf, const char *name)
{
    for (size_t i = 0; master_cf != NULL && i < master_cf->count; i++) {
        const char *service = master_cf->entries[i].fields[MASTER_CF_SERVICE];
        if (!text_starts_with(name, service))
            continue;
        const struct parameter *suffix = parameter_find_suffix(name + strlen(service));
        if (suffix != NULL && check_program_has_suffix(master_cf->entries[i].fields[MASTER_CF_COMMAND], suffix))
            return true;
    }
    return false;
}

static struct check_finding *add_finding(struct checking *checking, enum check_kind kind, const char *name, const char *value)
{
    struct check *check = checking->check;

    if (check->count == checking->capacity) {
        checking->capacity = checking->capacity * 2 + 32;
        check->findings = memory_resize(check->findings, checking->capacity, sizeof(*check->findings));
    }
    struct check_finding *finding = &check->findings[check->count++];
    *finding = (struct check_finding){
        .kind = kind,
        .entry = checking->entry,
        .line = checking->line,
        .name = arena_copy_text(check->arena, name),
        .value = value,
    };
    return finding;
}

static bool entry_sets(const struct master_cf_entry *entry, const char *name)
{
    for (size_t i = 0; entry != NULL && i < entry->override_count; i++) {
        if (text_equal(entry->overrides[i].name, name))
            return true;
    }
    return false;
}

static bool is_known(const struct checking *checking, const char *name)
{
    return parameter_find(name) != NULL || check_is_transport_parameter(checking->master_cf, name);
}

static void refer(struct checking *checking, const char *name)
{
    if (is_known(checking, name))
        return;
    names_add(checking, &checking->check->used, name);
    if (config_dictionary_origin(checking->dictionary, name) == CONFIG_DEFAULT && !entry_sets(checking->entry, name))
        (void)add_finding(checking, CHECK_UNDEFINED, name, NULL);
}

static void found_name(void *context, const char *name, bool optional)
{
    refer(context, name);
}

/* A default may refer to an older name of the same thing; that one is allowed, but needn't be set. */
static void found_in_default(void *context, const char *name, bool optional)
{
    struct checking *checking = context;

    if (!is_known(checking, name))
        names_add(checking, &checking->check->used, name);
}

/* ldap:name, also behind proxy: and inside of other tables. */
static void look_for_tables(struct checking *checking, const char *value)
{
    const char *word;
    size_t length;

    while (text_next_word(&value, TEXT_LIST_SEPARATORS "{}", &word, &length)) {
        const char *colon = memrchr(word, ':', length);
        if (colon == NULL || colon == word || colon[1] == '/')
            continue;
        for (size_t i = 0; i < COUNT_OF(table_settings); i++) {
            size_t type = strlen(table_settings[i].type);
            if ((size_t)(colon - word) < type || memcmp(colon - type, table_settings[i].type, type) != 0
                || ((size_t)(colon - word) > type && colon[-(ptrdiff_t)type - 1] != ':'))
                continue;
            char *name = arena_printf(checking->check->arena, "%s:%.*s", table_settings[i].type,
                (int)(word + length - colon - 1), colon + 1);
            names_add(checking, &checking->table_names, name);
        }
    }
}

static bool is_table_setting(const struct checking *checking, const char *name)
{
    for (const struct check_names *table = checking->table_names; table != NULL; table = table->hh.next) {
        const char *table_name = strchr(table->name, ':') + 1;
        size_t length = strlen(table_name);
        if (strncmp(name, table_name, length) != 0 || name[length] != '_')
            continue;
        for (size_t i = 0; i < COUNT_OF(table_settings); i++) {
            if (text_starts_with(table->name, table_settings[i].type)
                && has_word(table_settings[i].settings, name + length + 1, strlen(name + length + 1)))
                return true;
        }
    }
    return false;
}

static void look_at_classes(struct checking *checking, const char *name, const char *value)
{
    const char *word;
    size_t length;

    if (!text_equal(name, "smtpd_restriction_classes"))
        return;
    while (text_next_word(&value, TEXT_LIST_SEPARATORS, &word, &length))
        refer(checking, arena_copy_bytes(checking->check->arena, word, length));
}

/* First pass: what the value refers to. */
static void look_at_value(struct checking *checking, const char *name, const char *value)
{
    const struct parameter *parameter = parameter_find(name);

    /* What isn't expanded from main.cf has names of its own. */
    struct str why = { 0 };
    if ((parameter == NULL || parameter->type != PARAMETER_RAW) && !expand_names(value, found_name, checking, &why))
        add_finding(checking, CHECK_MALFORMED, name, value)->reason =
            arena_copy_text(checking->check->arena, str_text(&why));
    str_free(&why);
    if (parameter != NULL)
        look_for_tables(checking, value);
    look_at_classes(checking, name, value);
}

static bool counts_for_anyone(const struct checking *checking, const struct parameter *parameter)
{
    bool counts = config_check_counts(parameter, "master");

    if (checking->entry != NULL)
        return counts || config_check_counts(parameter, checking->entry->fields[MASTER_CF_COMMAND]);
    for (size_t i = 0; !counts && checking->master_cf != NULL && i < checking->master_cf->count; i++)
        counts = config_check_counts(parameter, checking->master_cf->entries[i].fields[MASTER_CF_COMMAND]);
    return counts;
}

/* Whether a program would refuse the value. What an override makes of $names only the service itself can tell. */
static void look_at_type(struct checking *checking, const struct parameter *parameter, const char *value)
{
    struct str text = { 0 };
    struct str why = { 0 };
    int64_t number;
    bool good;

    if (parameter->type == PARAMETER_RAW || (checking->entry != NULL && strchr(value, '$') != NULL)
        || !counts_for_anyone(checking, parameter))
        return;
    if (!config_dictionary_expand(checking->dictionary, value, &text, &why)) {
        str_printf(&why, " (%s)", parameter->name);
        good = false;
    } else if (value_is_number(parameter->type)) {
        good = value_parse_number(parameter, parameter->name, str_text(&text), &number, &why);
    } else {
        good = config_check_text(parameter, str_text(&text), &why)
            && value_check_text(parameter, parameter->name, str_text(&text), &why);
    }
    if (!good)
        add_finding(checking, CHECK_BAD_VALUE, parameter->name, value)->reason =
            arena_copy_text(checking->check->arena, str_text(&why));
    str_free(&text);
    str_free(&why);
}

/* Second pass: whether the name is known, used, and has an effect. */
static void look_at_name(struct checking *checking, const char *name, const char *value)
{
    const struct parameter *parameter = parameter_find(name);

    if (parameter == NULL) {
        if (!names_have(checking->check->used, name) && !check_is_transport_parameter(checking->master_cf, name)
            && !is_table_setting(checking, name))
            add_finding(checking, CHECK_UNKNOWN, name, value)->nearest = check_nearest(name);
        else
            names_add(checking, &checking->check->used, name);
    } else if (parameter->reader.state == PARAMETER_LATER) {
        (void)add_finding(checking, CHECK_LATER, name, value);
    } else if (parameter->reader.state == PARAMETER_UNUSED) {
        add_finding(checking, CHECK_UNUSED, name, value)->reason = parameter->reader.why;
    } else {
        look_at_type(checking, parameter, value);
    }
}

static void visit_value(void *context, const char *name, const char *value, enum config_origin origin, int line)
{
    struct checking *checking = context;

    checking->line = line;
    if (origin == CONFIG_MAIN_CF || origin == CONFIG_OVERRIDE)
        look_at_value(checking, name, value);
}

static void visit_name(void *context, const char *name, const char *value, enum config_origin origin, int line)
{
    struct checking *checking = context;

    checking->line = line;
    if ((origin == CONFIG_MAIN_CF || origin == CONFIG_OVERRIDE) && !text_equal(name, "config_directory"))
        look_at_name(checking, name, value);
}

static void each_override(struct checking *checking, void look(struct checking *, const char *, const char *))
{
    const struct master_cf *master_cf = checking->master_cf;

    for (size_t i = 0; master_cf != NULL && i < master_cf->count; i++) {
        checking->entry = &master_cf->entries[i];
        checking->line = checking->entry->line;
        for (size_t j = 0; j < checking->entry->override_count; j++)
            look(checking, checking->entry->overrides[j].name, checking->entry->overrides[j].value);
    }
    checking->entry = NULL;
}

struct check *check_new(const struct config_dictionary *dictionary, const struct master_cf *master_cf)
{
    struct check *check = memory_new(struct check);
    struct checking checking = { .check = check, .dictionary = dictionary, .master_cf = master_cf };

    struct str why = { 0 };
    check->arena = arena_new();
    for (size_t row = 0; row < parameter_count; row++) {
        if (parameter_table[row].value != NULL && parameter_table[row].type != PARAMETER_RAW
            && strchr(parameter_table[row].value, '$') != NULL)
            (void)expand_names(parameter_table[row].value, found_in_default, &checking, &why); /* defaults are good */
    }
    config_dictionary_each(dictionary, visit_value, &checking);
    each_override(&checking, look_at_value);
    config_dictionary_each(dictionary, visit_name, &checking);
    each_override(&checking, look_at_name);
    HASH_CLEAR(hh, checking.table_names);
    str_free(&why);
    return check;
}

void check_free(struct check *check)
{
    if (check == NULL)
        return;
    HASH_CLEAR(hh, check->used);
    free(check->findings);
    arena_free(check->arena);
    free(check);
}

bool check_is_fatal(const struct check_finding *finding)
{
    return finding->kind == CHECK_BAD_VALUE;
}

const char *check_describe(const struct check_finding *finding, struct arena *arena)
{
    const char *file = finding->entry != NULL ? "master.cf" : "main.cf";
    const char *where = finding->line > 0 ? arena_printf(arena, "%s, line %d", file, finding->line) : file;

    if (finding->entry != NULL)
        where = arena_printf(arena, "%s: %s/%s", where, finding->entry->fields[MASTER_CF_SERVICE],
            finding->entry->fields[MASTER_CF_KIND]);
    switch (finding->kind) {
    case CHECK_UNKNOWN:
        if (finding->nearest != NULL)
            return arena_printf(arena, "%s: unknown parameter %s (did you mean %s?)", where, finding->name,
                finding->nearest);
        return arena_printf(arena, "%s: unknown parameter %s", where, finding->name);
    case CHECK_UNDEFINED:
        return arena_printf(arena, "%s: $%s is not set anywhere", where, finding->name);
    case CHECK_MALFORMED:
        return arena_printf(arena, "%s: %s: %s", where, finding->name, finding->reason);
    case CHECK_BAD_VALUE:
        return arena_printf(arena, "%s: %s", where, finding->reason);
    case CHECK_LATER:
        return arena_printf(arena, "%s: %s has no effect in this version of Posthaste", where, finding->name);
    case CHECK_UNUSED:
        return arena_printf(arena, "%s: %s has no effect: %s", where, finding->name, finding->reason);
    }
    return where;
}
