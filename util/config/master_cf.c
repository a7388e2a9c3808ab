#include "util/config/master_cf.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/config/expand.h"
#include "util/config/main_cf.h"

#define BLANKS " \t\r\n\v\f"

static const char *const field_names[MASTER_CF_FIELDS] = {
    "service", "type", "private", "unprivileged", "chroot", "wakeup", "process_limit", "command",
};

/* In the order of enum master_cf_type. */
static const char *const type_names[] = { "inet", "unix", "fifo", "unix-dgram", "pass" };

struct reading {
    struct arena *arena;
    bool chroot_default;
    master_cf_warning *warning;
    void *context;
};

const char *master_cf_field_name(enum master_cf_field field)
{
    return field_names[field];
}

static bool set_type(struct master_cf_entry *entry, const char *value)
{
    for (size_t i = 0; i < COUNT_OF(type_names); i++) {
        if (text_equal(type_names[i], value)) {
            entry->type = (enum master_cf_type)i;
            return true;
        }
    }
    return false;
}

static bool set_yes_no(bool *result, const char *value, bool otherwise)
{
    if (value[0] != '\0' && value[1] == '\0' && strchr("yn-", value[0]) != NULL) {
        *result = value[0] == '-' ? otherwise : value[0] == 'y';
        return true;
    }
    return false;
}

static bool set_wakeup(struct master_cf_entry *entry, const char *value)
{
    char digits[24];
    size_t length = strspn(value, "0123456789");
    uint64_t seconds = 0;

    entry->wakeup_s = 0;
    entry->wakeup_if_used = false;
    if (text_equal(value, "-"))
        return true;
    if (length >= sizeof(digits) || (value[length] != '\0' && !text_equal(value + length, "?")))
        return false;
    memcpy(digits, value, length);
    digits[length] = '\0';
    if (length > 0 && !number_parse_u64(digits, INT_MAX, &seconds))
        return false;
    entry->wakeup_s = (int64_t)seconds;
    entry->wakeup_if_used = value[length] == '?';
    return true;
}

static bool set_process_limit(struct master_cf_entry *entry, const char *value)
{
    uint64_t limit;

    entry->process_limit = -1;
    if (text_equal(value, "-"))
        return true;
    if (!number_parse_u64(value, INT_MAX, &limit))
        return false;
    entry->process_limit = (int64_t)limit;
    return true;
}

static bool set_value(struct master_cf_entry *entry, enum master_cf_field field, const char *value, bool chroot_default)
{
    switch (field) {
    case MASTER_CF_SERVICE:
    case MASTER_CF_COMMAND:
        return true;
    case MASTER_CF_KIND:
        return set_type(entry, value);
    case MASTER_CF_PRIVATE:
        return set_yes_no(&entry->is_private, value, true);
    case MASTER_CF_UNPRIVILEGED:
        return set_yes_no(&entry->is_unprivileged, value, true);
    case MASTER_CF_CHROOT:
        return set_yes_no(&entry->is_chroot, value, chroot_default);
    case MASTER_CF_WAKEUP:
        return set_wakeup(entry, value);
    case MASTER_CF_PROCESS_LIMIT:
        return set_process_limit(entry, value);
    }
    return true;
}

bool master_cf_set_field(struct master_cf_entry *entry, enum master_cf_field field, const char *value,
    bool chroot_default, const char *line, struct str *why)
{
    if (set_value(entry, field, value, chroot_default)) {
        entry->fields[field] = value;
        return true;
    }
    str_clear(why);
    str_printf(why, "invalid %s field \"%s\" in \"%s\"", field_names[field], value, line);
    return false;
}

static void warn(const struct reading *reading, const char *what, const char *text)
{
    if (reading->warning != NULL)
        reading->warning(reading->context, arena_printf(reading->arena, "master.cf: %s \"%s\"", what, text));
}

/* Where the brace stands that closes the first one, or the end. */
static size_t closing_brace(const char *word)
{
    size_t at = 0;

    for (int depth = 0; word[at] != '\0'; at++) {
        depth += word[at] == '{' ? 1 : word[at] == '}' ? -1 : 0;
        if (depth == 0)
            break;
    }
    return at;
}

/* { text } without braces and the white space inside them. */
static const char *unwrapped(const struct reading *reading, const char *word)
{
    if (word[0] != '{')
        return word;
    size_t length = closing_brace(word);
    if (word[length] == '\0')
        warn(reading, "missing '}' in", word);
    else if (word[length + 1] != '\0')
        warn(reading, "syntax error after '}' in", word);
    size_t start = 1;
    while (start < length && text_is_space(word[start]))
        start++;
    while (length > start && text_is_space(word[length - 1]))
        length--;
    return arena_copy_bytes(reading->arena, word + start, length - start);
}

/* name = value in an -o; the text becomes name=value. */
static const char *take_override(const struct reading *reading, struct master_cf_entry *entry, const char *text,
    bool was_braced)
{
    char *name;
    char *value;

    const char *problem = main_cf_split(arena_copy_text(reading->arena, text), &name, &value);
    if (problem != NULL) {
        struct str what = { 0 };
        str_printf(&what, "%s:", problem);
        if (was_braced)
            warn(reading, str_text(&what), text);
        entry->problem = arena_printf(reading->arena, "-o: %s \"%s\"", str_text(&what), text);
        str_free(&what);
        return text;
    }
    entry->overrides[entry->override_count++] = (struct config_override){ name, value };
    return arena_printf(reading->arena, "%s=%s", name, value);
}

/* Counts -v and -D, which may be several in one word. */
static void take_letters(struct master_cf_entry *entry, const char *letters)
{
    for (; *letters != '\0'; letters++) {
        entry->verbosity += *letters == 'v';
        entry->debug = entry->debug || *letters == 'D';
    }
}

static void add_argument(struct master_cf_entry *entry, const char *argument)
{
    entry->arguments[entry->argument_count++] = argument;
}

static void take_words(const struct reading *reading, struct master_cf_entry *entry, const char **words, size_t count)
{
    size_t at = 0;

    entry->arguments = arena_allocate(reading->arena, (2 * count + 1) * sizeof(*entry->arguments));
    entry->overrides = arena_allocate(reading->arena, (count + 1) * sizeof(*entry->overrides));
    for (; at < count && words[at][0] == '-' && !text_equal(words[at], "--"); at++) {
        const char *value = NULL;
        if (words[at][1] == 'o' && words[at][2] != '\0')
            value = words[at] + 2;
        else if (words[at][1] == 'o' && at + 1 < count)
            value = words[++at];
        else
            add_argument(entry, words[at]);
        if (value != NULL) {
            add_argument(entry, "-o");
            add_argument(entry, take_override(reading, entry, unwrapped(reading, value), value[0] == '{'));
        } else if (words[at][1] == 'o') {
            entry->problem = "-o: missing value";
        } else {
            take_letters(entry, words[at] + 1);
        }
    }
    entry->option_count = entry->argument_count;
    for (; at < count; at++)
        add_argument(entry, unwrapped(reading, words[at]));
}

/* The next word: blanks inside of { } don't end it. */
static bool next_word(const char **cursor, const char **word, size_t *length)
{
    int depth = 0;

    const char *at = *cursor + strspn(*cursor, BLANKS);
    *word = at;
    for (; *at != '\0' && (depth > 0 || !text_is_space(*at)); at++) {
        if (*at == '{')
            depth++;
        else if (*at == '}' && depth > 0)
            depth--;
    }
    *length = (size_t)(at - *word);
    *cursor = at;
    return *length > 0;
}

static const char **split_words(struct arena *arena, const char *line, size_t *count)
{
    const char **words = arena_allocate(arena, (strlen(line) / 2 + 2) * sizeof(*words));
    const char *word;
    size_t length;

    *count = 0;
    while (next_word(&line, &word, &length))
        words[(*count)++] = arena_copy_bytes(arena, word, length);
    return words;
}

static bool parse_entry(const struct reading *reading, const char *line, struct master_cf_entry *entry, struct str *why)
{
    size_t count;
    const char **words = split_words(reading->arena, line, &count);

    *entry = (struct master_cf_entry){ 0 };
    if (count < MASTER_CF_FIELDS) {
        str_set(why, "bad field count");
        return false;
    }
    for (size_t field = 0; field < MASTER_CF_FIELDS; field++) {
        const char *word = words[field];
        if (field == MASTER_CF_COMMAND)
            word = unwrapped(reading, word);
        if (!master_cf_set_field(entry, (enum master_cf_field)field, word, reading->chroot_default, line, why))
            return false;
    }
    take_words(reading, entry, words + MASTER_CF_FIELDS, count - MASTER_CF_FIELDS);
    return true;
}

bool master_cf_parse_entry(struct arena *arena, const char *line, bool chroot_default, master_cf_warning *warning,
    void *context, struct master_cf_entry *entry, struct str *why)
{
    struct reading reading = { arena, chroot_default, warning, context };

    return parse_entry(&reading, line, entry, why);
}

static struct master_cf_entry *new_entry(struct master_cf *master_cf, size_t *capacity)
{
    if (master_cf->count == *capacity) {
        *capacity = *capacity * 2 + 64;
        master_cf->entries = memory_resize(master_cf->entries, *capacity, sizeof(*master_cf->entries));
    }
    return &master_cf->entries[master_cf->count++];
}

static void warn_of_orphan(const struct reading *reading, const char *file, const struct str *line)
{
    if (reading->warning != NULL)
        reading->warning(reading->context,
            arena_printf(reading->arena, "%s: logical line must not start with whitespace: \"%.30s%s\"", file,
                str_text(line), line->length > 30 ? "..." : ""));
}

static void put_place(struct str *why, const char *file, int line)
{
    struct str whole = { 0 };

    str_printf(&whole, "file %s: line %d: %s", file, line, str_text(why));
    str_set(why, str_text(&whole));
    str_free(&whole);
}

const char *master_cf_reason(const char *why)
{
    const char *invalid = strstr(why, ": invalid ");

    return text_starts_with(why, "file ") && invalid != NULL ? invalid + 2 : why;
}

bool master_cf_parse(const char *file, const char *text, size_t length, bool chroot_default,
    master_cf_warning *warning, void *context, struct master_cf **master_cf, struct str *why)
{
    struct master_cf *new = memory_new(struct master_cf);
    struct reading reading = { new->arena = arena_new(), chroot_default, warning, context };
    struct main_cf_lines lines;
    size_t capacity = 0;
    bool good = true;

    main_cf_lines_start(&lines, text, length);
    while (good && main_cf_lines_next(&lines)) {
        if (lines.is_orphan) {
            warn_of_orphan(&reading, file, &lines.text);
            continue;
        }
        struct master_cf_entry *entry = new_entry(new, &capacity);
        good = parse_entry(&reading, arena_copy_text(new->arena, str_text(&lines.text)), entry, why);
        entry->line = lines.line;
        if (!good)
            put_place(why, file, lines.last_line);
    }
    str_free(&lines.text);
    if (good)
        *master_cf = new;
    else
        master_cf_free(new);
    return good;
}

bool master_cf_load(const char *directory, bool chroot_default, master_cf_warning *warning, void *context,
    struct master_cf **master_cf, struct str *why)
{
    struct str file = { 0 };
    struct str text = { 0 };

    str_printf(&file, "%s/master.cf", directory);
    bool good = main_cf_load(str_text(&file), &text, why)
        && master_cf_parse(str_text(&file), str_text(&text), text.length, chroot_default, warning, context,
            master_cf, why);
    str_free(&file);
    str_free(&text);
    return good;
}

void master_cf_free(struct master_cf *master_cf)
{
    if (master_cf == NULL)
        return;
    arena_free(master_cf->arena);
    free(master_cf->entries);
    free(master_cf);
}

bool master_cf_chroot_default(const struct config *config)
{
    const char *text = config_value(config, "compatibility_level");
    long level;

    return text != NULL && expand_parse_level(text, &level) && level < 1L << 20;
}

const struct master_cf_entry *master_cf_find(const struct master_cf *master_cf, const char *service, const char *type)
{
    for (size_t i = master_cf->count; i-- > 0;) {
        const struct master_cf_entry *entry = &master_cf->entries[i];
        if (text_equal(entry->fields[MASTER_CF_SERVICE], service)
            && (type == NULL || text_equal(entry->fields[MASTER_CF_KIND], type)))
            return entry;
    }
    return NULL;
}
