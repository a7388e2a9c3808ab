#include "util/table/table_cidr.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/arena.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/ip_address.h"
#include "util/table/file_value.h"
#include "util/table/source.h"

struct rule {
    struct ip_network network;
    bool negated;
    bool is_if;
    bool is_endif;
    size_t behind_endif;
    unsigned line_number;
    const char *result;
};

struct cidr {
    struct arena *arena;
    const char *name;
    unsigned flags;
    struct rule *rule;
    size_t count;
    size_t room;
    size_t *open_ifs;
    size_t open_count;
};

static void complain(const struct cidr *cidr, unsigned line_number, const char *what)
{
    log_warning("cidr map %s, line %u: %s", cidr->name, line_number, what);
}

static struct rule *add_rule(struct cidr *cidr, unsigned line_number)
{
    if (cidr->count == cidr->room) {
        cidr->room = cidr->room == 0 ? 64 : cidr->room * 2;
        cidr->rule = memory_resize(cidr->rule, cidr->room, sizeof(struct rule));
        cidr->open_ifs = memory_resize(cidr->open_ifs, cidr->room, sizeof(size_t));
    }
    struct rule *rule = &cidr->rule[cidr->count++];
    *rule = (struct rule){ .line_number = line_number };
    return rule;
}

/* "!  pattern": takes the ! away. */
static const char *skip_negation(const char *text, bool *negated)
{
    for (; *text == '!' || text_is_space(*text); text++) {
        if (*text == '!')
            *negated = !*negated;
    }
    return text;
}

static bool parse_pattern(const struct cidr *cidr, unsigned line_number, const char *pattern, struct rule *rule)
{
    struct str why = {0};
    bool good = ip_network_parse(pattern, &rule->network, &why);

    if (!good) {
        str_put(&why, ": skipping this rule");
        complain(cidr, line_number, str_text(&why));
    }
    str_free(&why);
    return good;
}

static void read_if(struct cidr *cidr, unsigned line_number, const char *text)
{
    struct rule rule = { .is_if = true, .line_number = line_number };

    text = skip_negation(text, &rule.negated);
    if (*text == '\0') {
        complain(cidr, line_number, "no address pattern: skipping this rule");
        return;
    }
    if (!parse_pattern(cidr, line_number, text, &rule))
        return;
    *add_rule(cidr, line_number) = rule;
    cidr->open_ifs[cidr->open_count++] = cidr->count - 1;
}

static void read_endif(struct cidr *cidr, unsigned line_number, const char *text)
{
    if (text[strspn(text, " \t")] != '\0') {
        complain(cidr, line_number, "garbage after ENDIF: skipping this rule");
        return;
    }
    if (cidr->open_count == 0) {
        complain(cidr, line_number, "ENDIF without IF: skipping this rule");
        return;
    }
    add_rule(cidr, line_number)->is_endif = true;
    cidr->rule[cidr->open_ifs[--cidr->open_count]].behind_endif = cidr->count;
}

static bool file_result(struct cidr *cidr, struct rule *rule)
{
    struct str base64 = {0};
    struct str why = {0};
    bool good = file_value_encode(rule->result, &base64, &why);

    if (good) {
        rule->result = arena_copy_text(cidr->arena, str_text(&base64));
    } else {
        str_put(&why, ": skipping this rule");
        complain(cidr, rule->line_number, str_text(&why));
    }
    str_free(&base64);
    str_free(&why);
    return good;
}

static void read_match(struct cidr *cidr, unsigned line_number, const char *text)
{
    struct rule rule = { .line_number = line_number };

    text = skip_negation(text, &rule.negated);
    size_t length = strcspn(text, " \t\r\n\v\f");
    char *pattern = arena_copy_bytes(cidr->arena, text, length);
    text += length;
    while (text_is_space(*text))
        text++;
    if (!parse_pattern(cidr, line_number, pattern, &rule))
        return;
    if (*text == '\0') {
        complain(cidr, line_number, "no lookup result: skipping this rule");
        return;
    }
    rule.result = arena_copy_text(cidr->arena, text);
    if ((cidr->flags & TABLE_FILE_VALUES) && !file_result(cidr, &rule))
        return;
    *add_rule(cidr, line_number) = rule;
}

static bool is_word(const char *line, const char *word)
{
    return text_starts_with_nocase(line, word) && !text_is_alnum(line[strlen(word)]);
}

static void read_line(struct cidr *cidr, unsigned line_number, const char *line)
{
    if (is_word(line, "if"))
        read_if(cidr, line_number, line + strlen("if"));
    else if (is_word(line, "endif"))
        read_endif(cidr, line_number, line + strlen("endif"));
    else
        read_match(cidr, line_number, line);
}

static void *cidr_open(const struct table_request *request)
{
    struct source *source = source_open_rules("cidr", request->name, request->why);

    if (source == NULL)
        return NULL;
    struct cidr *cidr = memory_new(struct cidr);
    cidr->arena = arena_new();
    cidr->name = arena_copy_text(cidr->arena, request->name);
    cidr->flags = request->flags;
    struct str line = {0};
    while (source_next(source, &line))
        read_line(cidr, source_line_number(source), str_text(&line));
    str_free(&line);
    source_close(source);
    while (cidr->open_count > 0) {
        struct rule *rule = &cidr->rule[cidr->open_ifs[--cidr->open_count]];
        complain(cidr, rule->line_number, "IF has no matching ENDIF");
        rule->behind_endif = cidr->count;
    }
    return cidr;
}

static void cidr_close(void *data)
{
    struct cidr *cidr = data;

    free(cidr->rule);
    free(cidr->open_ifs);
    arena_free(cidr->arena);
    free(cidr);
}

/* A negated pattern holds for other addresses of its own family only. */
static bool rule_holds(const struct rule *rule, const struct ip_address *address)
{
    if (rule->network.address.family != address->family)
        return false;
    return ip_network_has(&rule->network, address) != rule->negated;
}

static enum table_result cidr_find(void *data, const char *key, struct str *value)
{
    const struct cidr *cidr = data;
    struct ip_address address;

    if (!ip_address_parse(key, &address))
        return TABLE_ABSENT;
    for (size_t i = 0; i < cidr->count;) {
        const struct rule *rule = &cidr->rule[i];
        i++;
        if (rule->is_endif)
            continue;
        bool holds = rule_holds(rule, &address);
        if (rule->is_if && !holds)
            i = rule->behind_endif;
        if (!rule->is_if && holds) {
            str_set(value, rule->result);
            return TABLE_FOUND;
        }
    }
    return TABLE_ABSENT;
}

const struct table_type table_cidr = {
    .name = "cidr", .suffix = "", .open = cidr_open, .close = cidr_close, .find = cidr_find,
};
