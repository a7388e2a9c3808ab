#include "qmgr/bounce/template_parse.h"

#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"

struct parser {
    const char *name; /* of the file */
    const char *at;
    int line; /* the next one, as Postfix counts in messages */
    struct arena *arena;
    struct template_set *set;
};

/* The next line without its LF, or NULL at the end. */
static const char *next_line(struct parser *parser)
{
    if (*parser->at == '\0')
        return NULL;
    size_t length = strcspn(parser->at, "\n");
    const char *line = arena_copy_bytes(parser->arena, parser->at, length);
    parser->at += length + (parser->at[length] == '\n' ? 1 : 0);
    parser->line++;
    return line;
}

static bool complain(const struct parser *parser, struct str *why, const char *what, const char *detail)
{
    str_clear(why);
    str_printf(why, "%s, line %d: %s%s", parser->name, parser->line, what, detail);
    return false;
}

static struct template *find_template(struct template_set *set, const char *name)
{
    for (size_t i = 0; i < TEMPLATE_KINDS; i++) {
        if (text_equal(set->templates[i].name, name))
            return &set->templates[i];
    }
    return NULL;
}

/* The class of a template: the start of its name. */
static const char *class_of(const struct parser *parser, const struct template *template)
{
    return arena_copy_bytes(parser->arena, template->name, strcspn(template->name, "_"));
}

static bool ignore(const struct parser *parser, const struct template *template, const char *what, const char *label)
{
    const char *quote = *label != '\0' ? "\"" : "";

    log_warning("%s: %s%s%s%s%s in %s template -- ignoring this template", parser->name, what, quote, label, quote,
        *label == '\0' ? "" : text_starts_with(what, "unknown") ? " header label" : " header value", class_of(parser, template));
    return false;
}

/* The length of "Name" in a line "Name: value"; 0: it isn't a header. */
static size_t label_length(const char *line)
{
    size_t length = strcspn(line, ": \t");

    return line[length] == ':' ? length : 0;
}

static bool set_header(struct parser *parser, struct template *template, const char *line, size_t length)
{
    const struct {
        const char *name;
        const char **field;
    } headers[] = {
        { "charset", &template->charset },
        { "from", &template->from },
        { "subject", &template->subject },
        { "postmaster-subject", &template->postmaster_subject },
    };
    const char *label = arena_copy_bytes(parser->arena, line, length);
    const char *value = line + length + 1;

    value += strspn(value, " \t\r");
    if (*value == '\0')
        return ignore(parser, template, "empty ", label);
    if (!text_is_ascii(value))
        return ignore(parser, template, "non-ASCII ", label);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (text_equal_nocase(headers[i].name, label)) {
            *headers[i].field = value;
            template->own_from = template->own_from || text_equal_nocase(label, "from");
            return true;
        }
    }
    return ignore(parser, template, "unknown ", label);
}

/* A template's text: headers, then perhaps an empty line, then what is for people. */
static bool parse_template(struct parser *parser, struct template *template, const char *text)
{
    struct parser lines = { .at = text, .arena = parser->arena };
    const char *rest = text;
    const char *line;
    size_t length;

    while ((line = next_line(&lines)) != NULL && (length = label_length(line)) > 0) {
        if (!set_header(parser, template, line, length))
            return false;
        rest = lines.at;
    }
    if (line != NULL && *line == '\0')
        rest = lines.at;
    if (*rest == '\0')
        return ignore(parser, template, "missing message text", "");
    template->text = rest;
    template->origin = parser->name;
    if (text_is_ascii(rest) || !text_equal_nocase(template->charset, "us-ascii"))
        return true;
    log_warning("%s: 8-bit message text in %s template", parser->name, class_of(parser, template));
    log_warning("please specify a charset value other than us-ascii");
    log_warning("-- ignoring this template for now");
    return false;
}

/* The lines up to one that is just the marker. Where it is missing, the end of the file counts. */
static const char *read_text(struct parser *parser, const char *marker)
{
    const char *start = parser->at;
    const char *end = start;
    const char *line;

    while ((line = next_line(parser)) != NULL && !text_equal(line, marker))
        end = parser->at;
    if (line == NULL)
        log_warning("%s, line %d: missing \"%s\" end marker", parser->name, parser->line, marker);
    return arena_copy_bytes(parser->arena, start, (size_t)(end - start));
}

/* The word of "name = <<WORD", without white space on either side. */
static const char *marker_of(struct parser *parser, const char *value)
{
    value += strspn(value, " \t\r");
    size_t length = strlen(value);
    while (length > 0 && text_is_space(value[length - 1]))
        length--;
    return arena_copy_bytes(parser->arena, value, length);
}

/* "name = <<WORD" and what follows, or "name = text". False: nothing can be made of the file. */
static bool parse_entry(struct parser *parser, const char *line, struct str *why)
{
    size_t length = strcspn(line, " \t\r=");
    const char *value = line + length + strspn(line + length, " \t\r");

    if (*value != '=') {
        complain(parser, why, "missing '=' after attribute name: ", "");
        str_printf(why, "\"%s\"", line);
        return false;
    }
    value += 1 + strspn(value + 1, " \t\r");
    const char *name = arena_copy_bytes(parser->arena, line, length);
    if (strncmp(value, "<<", 2) == 0) {
        const char *marker = marker_of(parser, value + 2);
        if (*marker == '\0')
            return complain(parser, why, "missing end marker after <<", "");
        value = read_text(parser, marker);
    } else {
        value = arena_printf(parser->arena, "%s\n", value);
    }
    struct template *template = find_template(parser->set, name);
    if (template == NULL) {
        log_warning("%s, line %d: unknown template name: %s -- ignoring this template", parser->name, parser->line, name);
        return true;
    }
    struct template read = *template;
    read.own_from = false;
    if (parse_template(parser, &read, value))
        *template = read;
    return true;
}

bool template_parse(const char *name, const char *text, struct arena *arena, struct template_set *set, struct str *why)
{
    struct parser parser = { .name = name, .at = text, .line = 1, .arena = arena, .set = set };
    const char *line;

    while ((line = next_line(&parser)) != NULL) {
        line += strspn(line, " \t\r");
        if (*line != '\0' && *line != '#' && !parse_entry(&parser, line, why))
            return false;
    }
    return true;
}
