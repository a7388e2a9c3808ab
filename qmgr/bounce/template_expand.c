#include "qmgr/bounce/template_expand.h"

#include <string.h>

#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/idn.h"

enum { TIME_RESULT_MAX = 999 }; /* more than that is no number for people */

struct expansion {
    const struct config *config;
    const struct template *template;
    struct str *out;
    struct str *why; /* the first problem */
};

static int class_length(const struct template *template)
{
    return (int)strcspn(template->name, "_");
}

/* A result that tells people nothing is used, but the administrator is told which unit would be better. */
static void check_time(const struct expansion *expansion, const char *name, const char *unit, long long value, long long result)
{
    const struct template *template = expansion->template;

    if (result > 0 ? result <= TIME_RESULT_MAX : value == 0)
        return;
    if (result == 0)
        log_warning("%s: zero result in %.*s template conversion of parameter \"%s\"", template->origin, class_length(template),
            template->name, name);
    else
        log_warning("%s: excessive result \"%lld\" in %.*s template conversion of parameter \"%s\"", template->origin, result,
            class_length(template), template->name, name);
    log_warning("please %s time unit \"%s\" of \"%s\" in %.*s template", result == 0 ? "reduce" : "increase", unit, name,
        class_length(template), template->name);
    log_warning("for instructions see the bounce(5) manual");
}

/* delay_warning_time_hours and the like: a time in the unit that the suffix names. */
static bool put_time(const struct expansion *expansion, const char *name)
{
    static const struct {
        const char *suffix;
        long long seconds;
    } units[] = { { "_seconds", 1 }, { "_minutes", 60 }, { "_hours", 3600 }, { "_days", 86400 }, { "_weeks", 604800 } };
    const struct {
        const char *name;
        int64_t value;
    } times[] = {
        { "delay_warning_time", expansion->config->delay_warning_time },
        { "maximal_queue_lifetime", expansion->config->maximal_queue_lifetime },
    };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (!text_starts_with(name, times[i].name))
            continue;
        for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
            if (!text_equal(name + strlen(times[i].name), units[k].suffix))
                continue;
            long long result = times[i].value / units[k].seconds;
            check_time(expansion, name, units[k].suffix + 1, times[i].value, result);
            str_printf(expansion->out, "%lld", result);
            return true;
        }
    }
    return false;
}

/* A name as people read it: labels that begin with xn-- are decoded. */
static void put_domain(const char *domain, struct str *out)
{
    struct str readable = {0};

    str_put(out, idn_to_utf8(domain, &readable) ? str_text(&readable) : domain);
    str_free(&readable);
}

static bool put_name(const struct expansion *expansion, const char *name, size_t length)
{
    const struct config *config = expansion->config;
    struct str copy = {0};
    bool known = true;

    str_put_bytes(&copy, name, length);
    if (!put_time(expansion, str_text(&copy))) {
        const char *value = config_value(config, str_text(&copy));
        known = value != NULL;
        if (known && config->smtputf8_enable
            && (text_equal(str_text(&copy), "mydomain") || text_equal(str_text(&copy), "myhostname")))
            put_domain(value, expansion->out);
        else if (known)
            str_put(expansion->out, value);
    }
    str_free(&copy);
    return known;
}

static void complain(const struct expansion *expansion, const char *what, const char *line, size_t length)
{
    const struct template *template = expansion->template;

    if (expansion->why->length == 0)
        str_printf(expansion->why, "%s: %s in %.*s template: %.*s", template->origin, what, class_length(template),
            template->name, (int)length, line);
}

static void expand_line(const struct expansion *expansion, const char *line, size_t length)
{
    const char *at = line;
    const char *end = line + length;

    while (at < end) {
        const char *dollar = memchr(at, '$', (size_t)(end - at));
        str_put_bytes(expansion->out, at, (size_t)((dollar != NULL ? dollar : end) - at));
        if (dollar == NULL)
            return;
        at = dollar + 1;
        if (at < end && *at == '$') {
            str_put_char(expansion->out, *at++);
            continue;
        }
        char close = at < end && *at == '{' ? '}' : at < end && *at == '(' ? ')' : '\0';
        at += close != '\0';
        size_t name_length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        const char *behind = at + name_length;
        if (name_length == 0 || (close != '\0' && *behind != close))
            complain(expansion, "bad $name syntax", line, length);
        else if (!put_name(expansion, at, name_length))
            complain(expansion, "undefined $name", line, length);
        at = close != '\0' && *behind == close ? behind + 1 : behind;
    }
}

bool template_expand(const struct config *config, const struct template *template, struct str *out, struct str *why)
{
    struct expansion expansion = { .config = config, .template = template, .out = out, .why = why };

    str_clear(why);
    for (const char *line = template->text; *line != '\0';) {
        size_t length = strcspn(line, "\n");
        expand_line(&expansion, line, length);
        if (line[length] == '\n')
            str_put_char(out, line[length++]);
        line += length;
    }
    return why->length == 0;
}
