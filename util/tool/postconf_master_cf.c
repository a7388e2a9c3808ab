#include "util/tool/postconf_master_cf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/tool/postconf_print.h"

/* '*' stands for a whole part, or not at all. */
static bool is_pattern(const char *part)
{
    return text_equal(part, "*") || strchr(part, '*') == NULL;
}

bool postconf_master_cf_request_parse(struct arena *arena, const char *text, size_t least, size_t most,
    struct postconf_request *request)
{
    const char **parts[] = { &request->service, &request->type, &request->third };
    size_t count = 0;
    const char *part;
    size_t length;

    *request = (struct postconf_request){ .service = "*", .type = "*", .third = "*", .text = text };
    if (*text == '/')
        return false;
    while (text_next_word(&text, "/", &part, &length)) {
        const char *copy = arena_copy_bytes(arena, part, length);
        if (count >= most || !is_pattern(copy))
            return false;
        *parts[count++] = copy;
    }
    return count >= least;
}

static bool part_matches(const char *pattern, const char *text)
{
    return text_equal(pattern, "*") || text_equal(pattern, text);
}

bool postconf_master_cf_request_matches(const struct postconf_request *request, const struct master_cf_entry *entry)
{
    return part_matches(request->service, entry->fields[MASTER_CF_SERVICE])
        && part_matches(request->type, entry->fields[MASTER_CF_KIND]);
}

bool postconf_master_cf_request_field(const struct postconf_request *request, enum master_cf_field *field)
{
    for (size_t i = 0; i < MASTER_CF_FIELDS; i++) {
        if (text_equal(request->third, master_cf_field_name((enum master_cf_field)i))) {
            *field = (enum master_cf_field)i;
            return true;
        }
    }
    return false;
}

static const char *full_name(struct postconf *postconf, const struct master_cf_entry *entry, const char *name)
{
    return arena_printf(postconf->arena, "%s/%s/%s", entry->fields[MASTER_CF_SERVICE], entry->fields[MASTER_CF_KIND],
        name);
}

static void show_entry(struct postconf *postconf, const struct master_cf_entry *entry)
{
    struct str text = { 0 };

    postconf_print_entry(entry, postconf->options['f'], postconf->options['x'] ? postconf : NULL, &text);
    (void)puts(str_text(&text)); /* main checks standard output at the end */
    str_free(&text);
}

static void show_field(struct postconf *postconf, const struct master_cf_entry *entry, enum master_cf_field field)
{
    const char *name = full_name(postconf, entry, master_cf_field_name(field));

    if (field == MASTER_CF_COMMAND)
        postconf_print_command(postconf, entry, name);
    else
        postconf_print_parameter(postconf, entry, name, entry->fields[field]);
}

static void show_fields(struct postconf *postconf, const struct master_cf_entry *entry, const struct postconf_request *request)
{
    for (size_t i = 0; i < MASTER_CF_FIELDS; i++) {
        if (part_matches(request->third, master_cf_field_name((enum master_cf_field)i)))
            show_field(postconf, entry, (enum master_cf_field)i);
    }
}

static int compare_overrides(const void *left, const void *right)
{
    return strcmp(((const struct config_override *)left)->name, ((const struct config_override *)right)->name);
}

/* Each name once, the last value; sorted. */
static struct config_override *sorted_overrides(struct postconf *postconf, const struct master_cf_entry *entry, size_t *count)
{
    struct config_override *sorted =
        arena_allocate(postconf->arena, (entry->override_count + 1) * sizeof(*sorted));

    *count = 0;
    for (size_t i = entry->override_count; i-- > 0;) {
        size_t at = 0;
        while (at < *count && !text_equal(sorted[at].name, entry->overrides[i].name))
            at++;
        if (at == *count)
            sorted[(*count)++] = entry->overrides[i];
    }
    qsort(sorted, *count, sizeof(*sorted), compare_overrides);
    return sorted;
}

static bool show_parameters(struct postconf *postconf, const struct master_cf_entry *entry, const struct postconf_request *request)
{
    size_t count;
    const struct config_override *sorted = sorted_overrides(postconf, entry, &count);
    bool matched = text_equal(request->third, "*");

    for (size_t i = 0; i < count; i++) {
        if (!part_matches(request->third, sorted[i].name))
            continue;
        postconf_print_parameter(postconf, entry, full_name(postconf, entry, sorted[i].name), sorted[i].value);
        matched = true;
    }
    return matched;
}

static void show(struct postconf *postconf, char mode, const struct master_cf_entry *entry, struct postconf_request *request)
{
    bool matched = true;

    if (mode == 'M')
        show_entry(postconf, entry);
    else if (mode == 'F')
        show_fields(postconf, entry, request);
    else
        matched = show_parameters(postconf, entry, request);
    request->matched = request->matched || matched;
}

static struct postconf_request *parse_requests(struct postconf *postconf, char mode, size_t *count)
{
    static const char *const forms[] = { "", "[/field]", "[/parameter]" };
    struct postconf_request *requests =
        arena_allocate(postconf->arena, (postconf->name_count + 1) * sizeof(*requests));
    enum master_cf_field field;

    if (postconf->name_count == 0) {
        requests[0] = (struct postconf_request){ .service = "*", .type = "*", .third = "*", .text = "*", .matched = true };
        *count = 1;
        return requests;
    }
    for (size_t i = 0; i < postconf->name_count; i++) {
        struct postconf_request *request = &requests[i];
        if (!postconf_master_cf_request_parse(postconf->arena, postconf->names[i], 1, mode == 'M' ? 2 : 3, request)) {
            if (mode == 'M')
                log_fatal("-M option requires service_name[/type]");
            log_fatal("-%c option requires service_name[/type%s]", mode, forms[mode == 'F' ? 1 : 2]);
        }
        if (mode == 'F' && !text_equal(request->third, "*") && !postconf_master_cf_request_field(request, &field))
            log_fatal("invalid service attribute name: \"%s\"", request->third);
    }
    *count = postconf->name_count;
    return requests;
}

void postconf_master_cf_show(struct postconf *postconf, char mode)
{
    size_t count;
    struct postconf_request *requests = parse_requests(postconf, mode, &count);

    for (size_t i = 0; i < postconf->master_cf->count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (postconf_master_cf_request_matches(&requests[j], &postconf->master_cf->entries[i]))
                show(postconf, mode, &postconf->master_cf->entries[i], &requests[j]);
        }
    }
    for (size_t j = 0; j < count; j++) {
        if (!requests[j].matched)
            log_warning("unmatched request: \"%s\"", requests[j].text);
    }
}
