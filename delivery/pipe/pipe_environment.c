#include "delivery/pipe/pipe_environment.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"

char **pipe_environment_make(const char *wanted)
{
    char **list = memory_zeroed(strlen(wanted) / 2 + 3, sizeof(*list));
    size_t count = 0;
    const char *word;
    size_t length;

    list[count++] = memory_copy_text("PATH=/usr/bin:/bin");
    while (text_next_word_braced(&wanted, TEXT_LIST_SEPARATORS, &word, &length)) {
        bool braced = length > 1 && word[0] == '{';
        char *name = memory_copy_bytes(word + (braced ? 1 : 0), length - (braced ? 2 : 0));
        const char *value = getenv(name);
        struct str setting = {0};
        if (strchr(name, '=') != NULL)
            str_put(&setting, name + strspn(name, " \t"));
        else if (value != NULL)
            str_printf(&setting, "%s=%s", name, value);
        if (text_starts_with(str_text(&setting), "PATH="))
            str_free(&setting); /* the first entry stays, as Postfix does it */
        else if (setting.length > 0)
            list[count++] = str_take(&setting);
        free(name);
    }
    return list;
}

void pipe_environment_free(char **list)
{
    for (size_t i = 0; list[i] != NULL; i++)
        free(list[i]);
    free(list);
}
