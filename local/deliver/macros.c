#include "local/deliver/macros.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/expand.h"
#include "util/log/log.h"

struct macros {
    const struct delivery *delivery;
    const struct step *step;
    const char *filter;
    struct macros_use use;
};

void macros_filter(char *text, const char *filter)
{
    for (; *text != '\0'; text++) {
        if (strchr(filter, *text) == NULL)
            *text = '_';
    }
}

static const char *value_of(const struct macros *macros, const char *name)
{
    const struct step *step = macros->step;
    const struct account *account = step->account;
    const char *delimiters = macros->delivery->local->config->recipient_delimiter;
    const struct { const char *name; const char *value; } values[] = {
        { "user", step->user },
        { "home", account == NULL ? NULL : account->home },
        { "shell", account == NULL ? NULL : account->shell },
        { "domain", *step->domain == '\0' ? NULL : step->domain },
        { "local", step->local },
        { "mailbox", step->local },
        { "recipient", step->recipient.address },
        { "extension", *step->extension == '\0' ? NULL : step->extension },
    };

    if (text_equal(name, "recipient_delimiter")) {
        /* The one that was used; without an extension the first that might be. */
        char used[2] = { delimiters[0], '\0' };
        size_t user_length = strlen(step->user);
        if (*step->extension != '\0')
            used[0] = step->local[user_length];
        return used[0] == '\0' ? NULL : arena_copy_text(macros->delivery->order->arena, used);
    }
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        if (text_equal(values[i].name, name))
            return values[i].value;
    }
    return NULL;
}

static const char *look_up(void *context, const char *name, bool *is_data)
{
    struct macros *macros = context;
    const char *value = value_of(macros, name);

    *is_data = true;
    macros->use.extension |= value != NULL && value == macros->step->extension;
    if (value == NULL || macros->filter == NULL)
        return value;
    char *copy = arena_copy_text(macros->delivery->order->arena, value);
    macros_filter(copy, macros->filter);
    return copy;
}

bool macros_expand(const struct delivery *delivery, const struct step *step, const char *text, const char *filter, struct str *out,
    struct macros_use *use)
{
    struct macros macros = { .delivery = delivery, .step = step, .filter = filter };
    struct str why = {0};
    bool good = expand_text_known(text, look_up, &macros, out, &why, &macros.use.lacks_value);

    if (!good)
        log_warning("%s: in \"%s\"", str_text(&why), text);
    if (use != NULL)
        *use = macros.use;
    str_free(&why);
    return good;
}
