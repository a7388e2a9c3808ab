#include "qmgr/intake/milter/milter_settings.h"

#include <string.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* "name = value" into its parts; false if there is no '='. */
static bool split_setting(const char *text, struct arena *arena, const char **name, const char **value)
{
    const char *equals = strchr(text, '=');

    if (equals == NULL)
        return false;
    const char *end = equals;
    while (end > text && text_is_space(end[-1]))
        end--;
    const char *start = equals + 1;
    while (text_is_space(*start))
        start++;
    *name = arena_copy_bytes(arena, text, (size_t)(end - text));
    *value = arena_copy_text(arena, start);
    return true;
}

static bool apply(struct milter_settings *settings, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **text;
        int64_t *seconds;
    } rows[] = {
        { "default_action", &settings->default_action, NULL },
        { "protocol", &settings->protocol, NULL },
        { "connect_timeout", NULL, &settings->connect_timeout_s },
        { "command_timeout", NULL, &settings->command_timeout_s },
        { "content_timeout", NULL, &settings->content_timeout_s },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (!text_equal(rows[i].name, name))
            continue;
        if (rows[i].text == NULL)
            return number_parse_time(value, 's', rows[i].seconds) && *rows[i].seconds > 0;
        *rows[i].text = value;
        return true;
    }
    return false;
}

/* What stands between the braces: the endpoint, then settings. */
static void parse_braced(struct milter_settings *settings, const char *inner, struct arena *arena)
{
    const char *separators = TEXT_LIST_SEPARATORS;
    struct str word = {0};
    struct str content = {0};
    struct str why = {0};

    if (brace_next_word(&inner, separators, &word))
        settings->endpoint = arena_copy_text(arena, str_text(&word));
    while (brace_next_word(&inner, separators, &word)) {
        const char *name = "";
        const char *value = "";
        const char *text = word.data[0] == '{' && brace_content(str_text(&word), &content, &why) ? str_text(&content)
                                                                                               : str_text(&word);
        if (!split_setting(text, arena, &name, &value) || !apply(settings, name, value)) {
            log_warning("milter service %s: bad setting \"%s\"", settings->endpoint, str_text(&word));
            settings->flaw = "";
        }
    }
    str_free(&word);
    str_free(&content);
    str_free(&why);
}

static struct milter_settings *parse_one(const struct config *config, const char *word, struct arena *arena)
{
    struct milter_settings *settings = arena_allocate(arena, sizeof(*settings));
    struct str inner = {0};
    struct str why = {0};

    *settings = (struct milter_settings){ .endpoint = arena_copy_text(arena, word),
        .default_action = config->milter_default_action, .protocol = config->milter_protocol,
        .connect_timeout_s = config->milter_connect_timeout, .command_timeout_s = config->milter_command_timeout,
        .content_timeout_s = config->milter_content_timeout };
    if (word[0] == '{') {
        if (brace_content(word, &inner, &why)) {
            parse_braced(settings, str_text(&inner), arena);
        } else {
            log_warning("milter service syntax error: %s", str_text(&why));
            settings->flaw = "";
        }
    }
    if (settings->flaw == NULL && strchr(settings->endpoint, ':') == NULL)
        settings->flaw = arena_printf(arena, "Milter service needs transport:endpoint instead of \"%s\"", settings->endpoint);
    str_free(&inner);
    str_free(&why);
    return settings;
}

struct milter_settings *milter_settings_parse(const struct config *config, const char *list, struct arena *arena)
{
    struct milter_settings *first = NULL;
    struct milter_settings **last = &first;
    struct str word = {0};

    while (brace_next_word(&list, TEXT_LIST_SEPARATORS, &word)) {
        *last = parse_one(config, str_text(&word), arena);
        last = &(*last)->next;
    }
    str_free(&word);
    return first;
}

const char *milter_settings_macros(const struct config *config, enum milter_stage stage)
{
    switch (stage) {
    case MILTER_STAGE_CONNECT:
        return config->milter_connect_macros;
    case MILTER_STAGE_HELO:
        return config->milter_helo_macros;
    case MILTER_STAGE_MAIL:
        return config->milter_mail_macros;
    case MILTER_STAGE_RCPT:
        return config->milter_rcpt_macros;
    case MILTER_STAGE_DATA:
        return config->milter_data_macros;
    case MILTER_STAGE_END_OF_BODY:
        return config->milter_end_of_data_macros;
    case MILTER_STAGE_END_OF_HEADER:
        return config->milter_end_of_header_macros;
    case MILTER_STAGE_UNKNOWN:
        return config->milter_unknown_command_macros;
    case MILTER_STAGES:
        break;
    }
    return "";
}

/* "{x}" and "x" name the same macro. */
static bool is_same_name(const char *left, const char *right)
{
    size_t left_length = strlen(left);
    size_t right_length = strlen(right);

    if (left_length > 2 && left[0] == '{') {
        left++;
        left_length -= 2;
    }
    if (right_length > 2 && right[0] == '{') {
        right++;
        right_length -= 2;
    }
    return left_length == right_length && memcmp(left, right, left_length) == 0;
}

const char *milter_settings_macro_default(const struct config *config, const char *name, struct arena *arena)
{
    const char *list = config->milter_macro_defaults;
    const char *found = NULL;
    struct str word = {0};
    struct str inner = {0};
    struct str why = {0};

    while (found == NULL && brace_next_word(&list, TEXT_LIST_SEPARATORS, &word)) {
        /* "{x}=y" begins with a brace, too, but doesn't end with it. */
        bool braced = word.data[0] == '{' && brace_content(str_text(&word), &inner, &why);
        const char *key;
        const char *value;
        if (split_setting(braced ? str_text(&inner) : str_text(&word), arena, &key, &value) && is_same_name(key, name))
            found = value;
    }
    str_free(&word);
    str_free(&inner);
    str_free(&why);
    return found;
}
