#include "util/tool/postconf_print.h"

#include <stdio.h>
#include <string.h>

#include "util/base/text.h"
#include "util/config/expand.h"
#include "util/log/log.h"

/* The longest line of a folded value of main.cf, and of an entry of master.cf. */
#define VALUE_LIMIT 80
#define ENTRY_LIMIT 79
#define INDENT "    "
#define BLANKS " \t\r\n\v\f"

struct folding {
    struct str *out;
    size_t column;
    size_t limit; /* 0: nothing is folded */
};

static void put(struct folding *folding, const char *text, size_t length)
{
    str_put_bytes(folding->out, text, length);
    folding->column += length;
}

static void new_line(struct folding *folding)
{
    str_put(folding->out, "\n" INDENT);
    folding->column = strlen(INDENT);
}

/* A word behind others on the line, or on the next one if it doesn't fit. */
static void put_word(struct folding *folding, const char *word, size_t length)
{
    if (folding->column > 0) {
        if (folding->limit > 0 && folding->column + 1 + length > folding->limit)
            new_line(folding);
        else
            put(folding, " ", 1);
    }
    put(folding, word, length);
}

static void put_words(struct folding *folding, const char *text)
{
    const char *word;
    size_t length;

    while (text_next_word(&text, BLANKS, &word, &length))
        put_word(folding, word, length);
}

/* What $name means in an -o of master.cf. */
struct names {
    const struct postconf *postconf;
    const struct master_cf_entry *entry;
};

static const char *look_up(void *context, const char *name, bool *is_data)
{
    const struct names *names = context;

    *is_data = false;
    if (names->entry != NULL && text_equal(name, "service_name"))
        return names->entry->fields[MASTER_CF_SERVICE];
    for (size_t i = names->entry != NULL ? names->entry->override_count : 0; i-- > 0;) {
        if (text_equal(names->entry->overrides[i].name, name))
            return names->entry->overrides[i].value;
    }
    return config_dictionary_raw(names->postconf->dictionary, name);
}

static void expand(const struct postconf *postconf, const struct master_cf_entry *entry, const char *value,
    struct str *out)
{
    struct names names = { postconf, entry };
    struct str why = { 0 };

    if (!expand_text(value, look_up, &names, out, &why)) {
        log_warning("%s", str_text(&why));
        log_fatal("macro processing error");
    }
    str_free(&why);
}

static void put_name(const struct postconf *postconf, struct folding *folding, const char *name)
{
    if (!postconf->options['h'])
        put(folding, name, strlen(name));
    if (!postconf->options['h'] && !postconf->options['H'])
        put(folding, " =", 2);
}

void postconf_print_parameter(const struct postconf *postconf, const struct master_cf_entry *entry, const char *name,
    const char *value)
{
    struct str expanded = { 0 };
    struct str line = { 0 };
    struct folding folding = { .out = &line, .limit = postconf->options['f'] ? VALUE_LIMIT : 0 };

    const struct parameter *parameter = entry == NULL ? parameter_find(name) : NULL;
    bool is_raw = parameter != NULL && parameter->type == PARAMETER_RAW;
    if (postconf->options['x'] && !postconf->options['H'] && !is_raw) {
        expand(postconf, entry, value, &expanded);
        value = str_text(&expanded);
    }
    put_name(postconf, &folding, name);
    if (!postconf->options['H'])
        put_words(&folding, value);
    (void)puts(str_text(&line)); /* main checks standard output at the end */
    str_free(&expanded);
    str_free(&line);
}

/* An argument as it must be written to be one word again. */
static void put_argument(struct folding *folding, const char *argument)
{
    struct str text = { 0 };

    if (strpbrk(argument, BLANKS) != NULL) {
        str_printf(&text, "{%s}", argument);
        argument = str_text(&text);
    }
    put_word(folding, argument, strlen(argument));
    str_free(&text);
}

/* The value of -o stays on the line of its option. */
static void put_option_value(struct folding *folding, const struct postconf *expander, const struct master_cf_entry *entry,
    const char *text)
{
    struct str expanded = { 0 };
    const char *equal = strchr(text, '=');
    size_t limit = folding->limit;

    folding->limit = 0;
    if (expander != NULL && equal != NULL) {
        str_put_bytes(&expanded, text, (size_t)(equal + 1 - text));
        expand(expander, entry, equal + 1, &expanded);
        text = str_text(&expanded);
    }
    put_argument(folding, text);
    folding->limit = limit;
    str_free(&expanded);
}

static void put_arguments(struct folding *folding, const struct postconf *expander, const struct master_cf_entry *entry)
{
    bool was_value = false;

    for (size_t i = 0; i < entry->argument_count; i++) {
        bool is_option = i < entry->option_count && text_equal(entry->arguments[i], "-o");
        if (folding->limit > 0 && (is_option || was_value)) {
            new_line(folding);
            put(folding, entry->arguments[i], strlen(entry->arguments[i]));
        } else {
            put_argument(folding, entry->arguments[i]);
        }
        was_value = is_option && i + 1 < entry->option_count;
        if (was_value)
            put_option_value(folding, expander, entry, entry->arguments[++i]);
    }
}

void postconf_print_command(const struct postconf *postconf, const struct master_cf_entry *entry, const char *name)
{
    struct str line = { 0 };
    struct folding folding = { .out = &line, .limit = postconf->options['f'] ? ENTRY_LIMIT : 0 };

    put_name(postconf, &folding, name);
    if (!postconf->options['H']) {
        put_word(&folding, entry->fields[MASTER_CF_COMMAND], strlen(entry->fields[MASTER_CF_COMMAND]));
        put_arguments(&folding, postconf->options['x'] ? postconf : NULL, entry);
    }
    (void)puts(str_text(&line)); /* main checks standard output at the end */
    str_free(&line);
}

void postconf_print_entry(const struct master_cf_entry *entry, bool folded, const struct postconf *expander,
    struct str *out)
{
    static const size_t columns[MASTER_CF_FIELDS] = { 0, 11, 17, 25, 33, 41, 49, 57 };
    struct folding folding = { .out = out, .limit = folded ? ENTRY_LIMIT : 0 };

    for (size_t field = 0; field < MASTER_CF_FIELDS; field++) {
        if (field > 0)
            put(&folding, " ", 1);
        while (folding.column < columns[field])
            put(&folding, " ", 1);
        put(&folding, entry->fields[field], strlen(entry->fields[field]));
    }
    put_arguments(&folding, expander, entry);
}
