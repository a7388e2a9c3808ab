#include "master/worker/table_folders.h"

#include <string.h>

#include "util/base/text.h"
#include "util/config/config_dictionary.h"

struct search {
    const struct config *config;
    void (*found)(void *context, const char *folder);
    void *context;
};

/* The folder of a path that ends at a blank, comma or brace. */
static void report(const struct search *search, const char *path)
{
    struct str folder = {0};

    str_put_bytes(&folder, path, strcspn(path, TEXT_LIST_SEPARATORS "{}"));
    const char *slash = strrchr(str_text(&folder), '/');
    if (slash != NULL && slash != folder.data) { /* never the root folder */
        str_truncate(&folder, (size_t)(slash - folder.data));
        search->found(search->context, str_text(&folder));
    }
    str_free(&folder);
}

static void look(void *context, const char *name, const char *value, enum config_origin origin, int line)
{
    const struct search *search = context;
    struct str text = {0};

    if ((origin != CONFIG_MAIN_CF && origin != CONFIG_OVERRIDE) || !config_expand(search->config, value, &text)) {
        str_free(&text);
        return;
    }
    for (const char *at = str_text(&text); (at = strstr(at, ":/")) != NULL; at += 2) {
        if (at > str_text(&text) && text_is_alnum(at[-1]) && at[2] != '/')
            report(search, at + 1);
    }
    str_free(&text);
}

void table_folders_each(const struct config *config, void (*found)(void *context, const char *folder), void *context)
{
    struct search search = { config, found, context };

    config_dictionary_each(config->dictionary, look, &search);
}
