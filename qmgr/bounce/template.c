#include "qmgr/bounce/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/net/idn.h"

enum { FILE_BYTES_MAX = 1 << 18 };

static const struct template_set built_in = { {
    [TEMPLATE_FAILURE] = {
        .name = "failure_template", .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Undelivered Mail Returned to Sender", .postmaster_subject = "Postmaster Copy: Undelivered Mail",
        .text = "The mail server $myhostname could not deliver your message to everybody it\n"
                "was meant for. It has stopped trying. Below you find for whom and why, and\n"
                "then the message itself.\n\n"
                "If the reason doesn't help, ask postmaster at $myhostname, and include\n"
                "this report; your own text may be left out.\n",
    },
    [TEMPLATE_DELAY] = {
        .name = "delay_template", .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Delayed Mail (still being retried)", .postmaster_subject = "Postmaster Warning: Delayed Mail",
        .text = "This is only a warning: you need not send your message again.\n\n"
                "The mail server $myhostname has not been able to deliver it for\n"
                "$delay_warning_time_hours hour(s), and goes on trying until it is\n"
                "$maximal_queue_lifetime_days day(s) old. Below you find for whom and why.\n",
    },
    [TEMPLATE_SUCCESS] = {
        .name = "success_template", .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Successful Mail Delivery Report",
        .text = "The mail server $myhostname has delivered your message to the recipients\n"
                "below, as you asked to be told. Where it was passed on to another server, that\n"
                "one may report what happened later, or not.\n",
    },
    [TEMPLATE_VERIFY] = {
        .name = "verify_template", .charset = "us-ascii", .from = "MAILER-DAEMON (Mail Delivery System)",
        .subject = "Mail Delivery Status Report",
        .text = "The mail server $myhostname reports on the recipients that you asked about.\n",
    },
} };

/* --- reading a template file --- */

struct parser {
    const char *name; /* of the file */
    const char *at;
    int line;
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

static bool complain(const struct parser *parser, const char *what)
{
    log_warning("%s, line %d: %s", parser->name, parser->line, what);
    return false;
}

static struct template *find_template(struct template_set *set, const char *name, size_t length)
{
    for (size_t i = 0; i < TEMPLATE_KINDS; i++) {
        const char *each = set->templates[i].name;
        if (strlen(each) == length && strncmp(each, name, length) == 0)
            return &set->templates[i];
    }
    return NULL;
}

/* One "Name: value" line at the start of a template. False: it isn't one. */
static bool set_header(struct template *template, const char *line)
{
    const struct { const char *name; const char **field; } headers[] = {
        { "charset:", &template->charset },
        { "from:", &template->from },
        { "subject:", &template->subject },
        { "postmaster-subject:", &template->postmaster_subject },
    };

    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        if (text_starts_with_nocase(line, headers[i].name)) {
            const char *value = line + strlen(headers[i].name);
            *headers[i].field = value + strspn(value, " \t");
            return true;
        }
    }
    return false;
}

/* Everything between "<<EOF" and "EOF". */
static bool parse_body(struct parser *parser, struct template *template, const char *end)
{
    struct str text = {0};
    bool in_header = true;
    const char *line;
    bool good = true;

    while (good && (line = next_line(parser)) != NULL && !text_equal(line, end)) {
        if (in_header && *line == '\0') {
            in_header = false;
        } else if (in_header && set_header(template, line)) {
            good = text_is_ascii(line) || complain(parser, "a template header must be ASCII");
        } else if (in_header && strchr(line, ':') != NULL && strcspn(line, " \t") > strcspn(line, ":")) {
            good = complain(parser, "unknown template header");
        } else {
            in_header = false;
            str_printf(&text, "%s\n", line);
        }
    }
    if (good && line == NULL)
        good = complain(parser, "the end of the template is missing");
    template->text = arena_copy_text(parser->arena, str_text(&text));
    template->own = true;
    str_free(&text);
    if (good && !text_is_ascii(template->text) && text_equal_nocase(template->charset, "us-ascii"))
        good = complain(parser, "the text isn't ASCII: the template needs a Charset: header that says what it is");
    return good;
}

/* "name = <<WORD". */
static bool parse_head(struct parser *parser, const char *line, struct template **template, const char **end)
{
    const char *name = line + strspn(line, " \t");
    size_t length = strcspn(name, " \t=");
    const char *at = name + length;

    at += strspn(at, " \t");
    if (*at != '=')
        return complain(parser, "expected: template_name = <<WORD");
    at += 1 + strspn(at + 1, " \t");
    if (strncmp(at, "<<", 2) != 0 || at[2] == '\0')
        return complain(parser, "expected: template_name = <<WORD");
    at += 2 + strspn(at + 2, " \t");
    *end = arena_copy_bytes(parser->arena, at, strcspn(at, " \t\r"));
    *template = find_template(parser->set, name, length);
    return *template != NULL || complain(parser, "unknown template name");
}

bool template_parse(const char *name, const char *text, struct arena *arena, struct template_set *set)
{
    struct parser parser = { .name = name, .at = text, .arena = arena, .set = set };
    const char *line;

    *set = built_in;
    while ((line = next_line(&parser)) != NULL) {
        const char *start = line + strspn(line, " \t\r");
        struct template *template;
        const char *end;
        if (*start == '\0' || *start == '#')
            continue;
        if (!parse_head(&parser, line, &template, &end) || !parse_body(&parser, template, end)) {
            *set = built_in;
            return false;
        }
    }
    return true;
}

bool template_load(const struct config *config, struct arena *arena, struct template_set *set)
{
    *set = built_in;
    return *config->bounce_template_file == '\0' || template_load_file(config->bounce_template_file, arena, set);
}

bool template_load_file(const char *path, struct arena *arena, struct template_set *set)
{
    struct stat status;

    *set = built_in;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        log_warning("open bounce_template_file %s: %s", path, strerror(errno));
        fd_close(&fd);
        return false;
    }
    size_t size = status.st_size > FILE_BYTES_MAX ? FILE_BYTES_MAX : (size_t)status.st_size;
    char *text = arena_allocate(arena, size + 1);
    ssize_t count = fd_pread_all(fd, text, size, 0);
    fd_close(&fd);
    if (count < 0) {
        log_warning("read bounce_template_file %s: %s", path, strerror(errno));
        return false;
    }
    return template_parse(path, text, arena, set);
}

/* --- expansion --- */

/* delay_warning_time_hours and the like: a time in the unit that the suffix names. */
static bool put_time(const struct config *config, const char *name, struct str *out)
{
    static const struct { const char *suffix; int64_t seconds; } units[] = {
        { "_seconds", 1 }, { "_minutes", 60 }, { "_hours", 3600 }, { "_days", 86400 }, { "_weeks", 604800 },
    };
    const struct { const char *name; int64_t value; } times[] = {
        { "delay_warning_time", config->delay_warning_time },
        { "maximal_queue_lifetime", config->maximal_queue_lifetime },
    };

    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        if (!text_starts_with(name, times[i].name))
            continue;
        for (size_t k = 0; k < sizeof(units) / sizeof(units[0]); k++) {
            if (!text_equal(name + strlen(times[i].name), units[k].suffix))
                continue;
            str_printf(out, "%lld", (long long)(times[i].value / units[k].seconds));
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

static void put_name(const struct config *config, const char *name, size_t length, struct str *out)
{
    struct str copy = {0};

    str_put_bytes(&copy, name, length);
    const char *value = put_time(config, str_text(&copy), out) ? "" : config_value(config, str_text(&copy));
    if (value == NULL)
        log_warning("bounce template: unknown parameter $%s", str_text(&copy));
    else if (config->smtputf8_enable && (text_equal(str_text(&copy), "mydomain") || text_equal(str_text(&copy), "myhostname")))
        put_domain(value, out);
    else
        str_put(out, value);
    str_free(&copy);
}

void template_expand(const struct config *config, const struct template *template, struct str *out)
{
    const char *at = template->text;

    while (*at != '\0') {
        size_t plain = strcspn(at, "$");
        str_put_bytes(out, at, plain);
        at += plain;
        if (*at == '\0')
            return;
        at++;
        char open = *at == '{' || *at == '(' ? *at++ : '\0';
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
        if (open == '\0' && *at == '$') {
            str_put_char(out, '$');
            at++;
            continue;
        }
        put_name(config, at, length, out);
        at += length;
        if (open != '\0' && (*at == '}' || *at == ')'))
            at++;
    }
}

static void dump_one(const struct config *config, const struct template *template, bool expanded)
{
    struct str text = {0};

    if (expanded) {
        template_expand(config, template, &text);
        printf("expanded_%.*s_text = <<EOF\n", (int)strcspn(template->name, "_"), template->name);
    } else {
        str_put(&text, template->text);
        printf("%s = <<EOF\nCharset: %s\nFrom: %s\nSubject: %s\n", template->name, template->charset, template->from,
            template->subject);
        if (template->postmaster_subject != NULL)
            printf("Postmaster-Subject: %s\n", template->postmaster_subject);
        putchar('\n');
    }
    printf("%sEOF\n", str_text(&text));
    str_free(&text);
}

void template_dump(const struct config *config, const struct template_set *set, bool expanded)
{
    for (size_t i = 0; i < TEMPLATE_KINDS; i++) {
        if (i > 0)
            putchar('\n');
        dump_one(config, &set->templates[i], expanded);
    }
}
