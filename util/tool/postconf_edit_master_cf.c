#include <string.h>

#include "util/base/text.h"
#include "util/config/main_cf.h"
#include "util/log/log.h"
#include "util/tool/postconf_edit.h"
#include "util/tool/postconf_master_cf.h"
#include "util/tool/postconf_print.h"

/* A change of master.cf that was asked for. */
struct change {
    struct postconf_request request;
    const char *value; /* NULL: remove or comment out */
    bool is_void;      /* a later one says something else */
    struct master_cf_entry entry; /* -Me */
    enum master_cf_field field;   /* -Fe */
};

struct editing {
    struct postconf *postconf;
    char mode;
    char action;
    struct change *changes;
    size_t count;
    struct str out;
};

static void warn(void *context, const char *text)
{
    log_warning("%s", text);
}

static void check_entry(struct editing *editing, struct change *change)
{
    struct str why = { 0 };

    if (!master_cf_parse_entry(editing->postconf->arena, change->value, false, warn, NULL, &change->entry, &why)) {
        if (text_equal(str_text(&why), "bad field count"))
            log_fatal("bad field count: \"%s\"", change->request.text);
        log_fatal("%s", str_text(&why));
    }
}

/* Of two entries for the same place the later one counts. */
static void check_entries(struct editing *editing)
{
    if (editing->mode != 'M' || editing->action != 'e')
        return;
    for (size_t i = 0; i < editing->count; i++) {
        struct change *change = &editing->changes[i];
        check_entry(editing, change);
        for (size_t j = 0; j < i; j++) {
            const struct postconf_request *earlier = &editing->changes[j].request;
            if (text_equal(earlier->service, change->request.service) && text_equal(earlier->type, change->request.type))
                editing->changes[j].is_void = true;
        }
    }
}

static void check_field(struct change *change)
{
    if (text_equal(change->request.third, "*"))
        log_fatal("-Fe does not accept wild-card field name");
    if (!postconf_master_cf_request_field(&change->request, &change->field))
        log_fatal("invalid service attribute name: \"%s\"", change->request.third);
    if (change->field != MASTER_CF_COMMAND && change->value[strcspn(change->value, " \t\r\n")] != '\0')
        log_fatal("-Fe does not accept whitespace in non-command field");
    if (change->value[0] == '\0')
        log_fatal("-Fe requires a value: \"%s\"", change->request.text);
}

static void set_field(struct master_cf_entry *entry, const struct change *change)
{
    struct str why = { 0 };

    if (!master_cf_set_field(entry, change->field, change->value, false, change->value, &why))
        log_fatal("%s", str_text(&why));
    str_free(&why);
}

static void parse_change(struct editing *editing, const char *text, struct change *change)
{
    struct arena *arena = editing->postconf->arena;
    char *name = arena_copy_text(arena, text);
    char *value = NULL;
    size_t parts = editing->mode == 'M' ? 2 : 3;

    postconf_edit_check_text(text);
    if (editing->action == 'e') {
        const char *problem = main_cf_split(arena_copy_text(arena, text), &name, &value);
        if (problem != NULL)
            log_fatal("%s: \"%s\"", problem, text);
    }
    if (!postconf_master_cf_request_parse(arena, name, parts, parts, &change->request)) {
        if (editing->mode == 'M')
            log_fatal("-Me, -MX or -M# requires service_name/type");
        log_fatal("-%ce or -%cX requires service_name/type/%s", editing->mode, editing->mode,
            editing->mode == 'F' ? "field_name" : "parameter");
    }
    if (editing->mode == 'P' && text_equal(change->request.third, "*"))
        log_fatal("-Pe does not accept wild-card parameter name");
    change->request.text = text;
    change->value = value;
    if (editing->action != 'e')
        return;
    if (editing->mode == 'F')
        check_field(change);
    else if (editing->mode == 'P' && value[strcspn(value, " \t\r\n")] != '\0')
        log_fatal("-Pe does not accept whitespace in parameter value");
}

/* The words of the command, anew. */
static void set_command(struct editing *editing, struct master_cf_entry *entry, const char *command)
{
    struct arena *arena = editing->postconf->arena;
    struct master_cf_entry parsed;
    struct str why = { 0 };
    const char *line = arena_printf(arena, "%s %s %s %s %s %s %s %s", entry->fields[MASTER_CF_SERVICE],
        entry->fields[MASTER_CF_KIND], entry->fields[MASTER_CF_PRIVATE], entry->fields[MASTER_CF_UNPRIVILEGED],
        entry->fields[MASTER_CF_CHROOT], entry->fields[MASTER_CF_WAKEUP], entry->fields[MASTER_CF_PROCESS_LIMIT],
        command);

    if (!master_cf_parse_entry(arena, line, false, warn, NULL, &parsed, &why))
        log_fatal("%s: \"%s\"", str_text(&why), line);
    *entry = parsed;
}

/* The first -o from a place on that sets name among the options, or option_count. Points at "-o". */
static size_t find_option(const struct master_cf_entry *entry, size_t from, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = from; i + 1 < entry->option_count; i++) {
        if (text_equal(entry->arguments[i], "-o") && strncmp(entry->arguments[i + 1], name, length) == 0
            && entry->arguments[i + 1][length] == '=')
            return i;
    }
    return entry->option_count;
}

static void remove_arguments(struct master_cf_entry *entry, size_t at, size_t count)
{
    memmove(entry->arguments + at, entry->arguments + at + count,
        (entry->argument_count - at - count) * sizeof(*entry->arguments));
    entry->argument_count -= count;
    entry->option_count -= count;
}

static void insert_option(struct arena *arena, struct master_cf_entry *entry, size_t at, const char *text)
{
    const char **arguments = arena_allocate(arena, (entry->argument_count + 3) * sizeof(*arguments));

    memcpy(arguments, entry->arguments, at * sizeof(*arguments));
    arguments[at] = "-o";
    arguments[at + 1] = text;
    memcpy(arguments + at + 2, entry->arguments + at, (entry->argument_count - at) * sizeof(*arguments));
    entry->arguments = arguments;
    entry->argument_count += 2;
    entry->option_count += 2;
}

static void set_parameter(struct editing *editing, struct master_cf_entry *entry, const struct change *change)
{
    struct arena *arena = editing->postconf->arena;
    const char *name = change->request.third;

    if (change->value == NULL) {
        for (size_t at = find_option(entry, 0, name); at < entry->option_count; at = find_option(entry, at, name))
            remove_arguments(entry, at, 2);
        return;
    }
    const char *text = arena_printf(arena, "%s=%s", name, change->value);
    size_t at = find_option(entry, 0, name);
    if (at == entry->option_count)
        insert_option(arena, entry, at, text);
    for (; at < entry->option_count; at = find_option(entry, at + 2, name))
        entry->arguments[at + 1] = text;
}

enum outcome { UNTOUCHED, CHANGED, REMOVED };

/* Applies to an entry what was asked for. A second entry that is to be replaced by the same one goes. */
static enum outcome apply(struct editing *editing, struct master_cf_entry *entry)
{
    enum outcome outcome = UNTOUCHED;

    for (size_t i = 0; i < editing->count; i++) {
        struct change *change = &editing->changes[i];
        if (change->is_void || !postconf_master_cf_request_matches(&change->request, entry))
            continue;
        bool again = change->request.matched;
        change->request.matched = true;
        outcome = editing->mode == 'M' && (again || change->value == NULL) ? REMOVED : CHANGED;
        if (editing->mode == 'M' && change->value != NULL)
            *entry = change->entry;
        else if (editing->mode == 'P')
            set_parameter(editing, entry, change);
        else if (editing->mode == 'F' && change->field == MASTER_CF_COMMAND)
            set_command(editing, entry, change->value);
        else if (editing->mode == 'F')
            set_field(entry, change);
    }
    return outcome;
}

static void put_entry(struct editing *editing, const struct master_cf_entry *entry)
{
    postconf_print_entry(entry, true, NULL, &editing->out);
    str_put_char(&editing->out, '\n');
}

/* One entry of the file: its physical lines, with the comments between and behind; as in Postfix, these come to stand
 * before an entry of which a field or parameter changes, and behind one that is replaced. */
static void edit_entry(struct editing *editing, const char *start, const char *end, const char *logical)
{
    struct master_cf_entry entry;
    struct str why = { 0 };
    const char *line;
    size_t length;

    if (!master_cf_parse_entry(editing->postconf->arena, logical, false, NULL, NULL, &entry, &why))
        log_fatal("%s: \"%s\"", str_text(&why), logical);
    enum outcome outcome = apply(editing, &entry);
    if (outcome == CHANGED && editing->mode == 'M')
        put_entry(editing, &entry);
    while (postconf_edit_next_line(&start, end, &line, &length)) {
        if (outcome == UNTOUCHED || postconf_edit_line_kind(line, length) == POSTCONF_LINE_COMMENT)
            postconf_edit_put_line(&editing->out, "", line, length);
        else if (editing->action == '#')
            postconf_edit_put_line(&editing->out, "#", line, length);
    }
    if (outcome == CHANGED && editing->mode != 'M')
        put_entry(editing, &entry);
    str_free(&why);
}

static void copy_lines(struct editing *editing, const char *start, const char *end)
{
    const char *line;
    size_t length;

    while (postconf_edit_next_line(&start, end, &line, &length))
        postconf_edit_put_line(&editing->out, "", line, length);
}

/* What comes before the first line of an entry: comments, or lines that continue nothing. */
static const char *skip_comments(struct editing *editing, const char *start, const char *end)
{
    const char *line;
    size_t length;
    const char *cursor = start;

    while (postconf_edit_next_line(&cursor, end, &line, &length)) {
        if (postconf_edit_line_kind(line, length) == POSTCONF_LINE_STARTS)
            break;
        postconf_edit_put_line(&editing->out, "", line, length);
        start = cursor;
    }
    return start;
}

static void edit_text(struct editing *editing, const struct str *text)
{
    struct main_cf_lines lines;

    main_cf_lines_start(&lines, str_text(text), text->length);
    const char *start = lines.cursor;
    while (main_cf_lines_next(&lines)) {
        start = skip_comments(editing, start, lines.cursor);
        if (lines.is_orphan)
            copy_lines(editing, start, lines.cursor);
        else
            edit_entry(editing, start, lines.cursor, arena_copy_text(editing->postconf->arena, str_text(&lines.text)));
        start = lines.cursor;
    }
    copy_lines(editing, start, str_text(text) + text->length);
    str_free(&lines.text);
}

static void finish_unmatched(struct editing *editing)
{
    for (size_t i = 0; i < editing->count; i++) {
        const struct change *change = &editing->changes[i];
        if (change->request.matched || change->is_void)
            continue;
        if (editing->mode != 'M') {
            log_warning("unmatched service_name/type: \"%s\"", change->request.text);
        } else if (change->value != NULL) {
            put_entry(editing, &change->entry);
        }
    }
}

void postconf_edit_master_cf(struct postconf *postconf, char mode, char action)
{
    struct editing editing = { .postconf = postconf, .mode = mode, .action = action, .count = postconf->name_count };
    struct str text = { 0 };
    struct str why = { 0 };

    editing.changes = arena_allocate(postconf->arena, (editing.count + 1) * sizeof(*editing.changes));
    for (size_t i = 0; i < editing.count; i++)
        parse_change(&editing, postconf->names[i], &editing.changes[i]);
    postconf_edit_check_folder(postconf->master_cf_file);
    check_entries(&editing);
    if (!main_cf_load(postconf->master_cf_file, &text, &why))
        log_fatal("%s", str_text(&why));
    edit_text(&editing, &text);
    finish_unmatched(&editing);
    postconf_edit_replace(postconf->master_cf_file, &editing.out);
    str_free(&editing.out);
    str_free(&text);
    str_free(&why);
}
