#include "smtpd/footer.h"

#include <string.h>
#include <time.h>

#include "util/base/text.h"
#include "util/config/expand.h"
#include "util/log/log.h"

enum { LOCALTIME_BYTES = 32 };

struct names {
    const struct footer *footer;
    struct str filter; /* without its escapes */
    struct str value;
    struct str own;    /* the date */
};

/* \t, \40 and \\ of C in the configured filter. */
static void take_escapes(const char *text, struct str *out)
{
    static const char letters[] = "abfnrtv\\";
    static const char meanings[] = "\a\b\f\n\r\t\v\\";

    for (; *text != '\0'; text++) {
        const char *letter = *text == '\\' && text[1] != '\0' ? strchr(letters, text[1]) : NULL;
        int value = 0;
        int digits = 0;
        if (letter != NULL) {
            str_put_char(out, meanings[letter - letters]);
            text++;
            continue;
        }
        while (*text == '\\' && digits < 3 && text[1 + digits] >= '0' && text[1 + digits] <= '7')
            value = value * 8 + (text[1 + digits++] - '0');
        if (digits > 0 && value > 0)
            str_put_char(out, (char)value);
        else if (digits == 0)
            str_put_char(out, *text);
        text += digits;
    }
}

static const char *own_name(struct names *names, const char *name)
{
    const struct config *config = names->footer->config;
    struct tm parts;
    time_t now = time(NULL);
    char text[LOCALTIME_BYTES];

    if (text_equal(name, "server_name"))
        return config->myhostname;
    if (!text_equal(name, "localtime"))
        return NULL;
    (void)localtime_r(&now, &parts); /* fails only for years beyond all reason; then the text is odd */
    text[strftime(text, sizeof(text) - 1, "%b %d %H:%M:%S", &parts)] = '\0';
    str_set(&names->own, text);
    return str_text(&names->own);
}

static const char *look_up(void *context, const char *name, bool *is_data)
{
    struct names *names = context;
    const char *value = names->footer->find(names->footer->context, name);

    if (value == NULL)
        value = own_name(names, name);
    if (value == NULL) {
        value = config_value(names->footer->config, name);
        if (value == NULL)
            log_warning("unknown macro name \"%s\" in expansion request", name);
        return value;
    }
    str_set(&names->value, value);
    for (char *at = names->value.data; at != NULL && *at != '\0'; at++) {
        if (strchr(str_text(&names->filter), *at) == NULL)
            *at = '_';
    }
    *is_data = true;
    return str_text(&names->value);
}

/* \n in the configured text ends a line. */
static void put_lines(const char *text, struct str *reply)
{
    const char *end;

    while ((end = strstr(text, "\\n")) != NULL) {
        str_put_bytes(reply, text, (size_t)(end - text));
        str_put_char(reply, '\n');
        text = end + 2;
    }
    str_put(reply, text);
}

void footer_put(const struct footer *footer, struct str *reply)
{
    struct names names = { .footer = footer };
    struct str text = {0};
    struct str why = {0};

    if (footer->text[0] == '\0')
        return;
    take_escapes(footer->filter, &names.filter);
    if (!expand_text(footer->text, look_up, &names, &text, &why))
        log_warning("reject footer \"%s\": %s", footer->text, str_text(&why));
    const char *shown = str_text(&text);
    if (text_starts_with(shown, "\\c"))
        put_lines(shown + 2, reply);
    else if (*shown != '\0') {
        str_put_char(reply, '\n');
        put_lines(shown, reply);
    }
    str_free(&names.filter);
    str_free(&names.value);
    str_free(&names.own);
    str_free(&text);
    str_free(&why);
}
