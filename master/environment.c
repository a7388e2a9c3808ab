#include "master/environment.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/arena.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { VARIABLES_MAX = 200 };

struct variable {
    const char *name;
    const char *value;
};

/* "{name=value with blanks}" loses its braces. */
static char *word_text(struct arena *arena, const char *word, size_t length)
{
    if (length >= 2 && word[0] == '{' && word[length - 1] == '}') {
        word++;
        length -= 2;
    }
    while (length > 0 && text_is_space(*word)) {
        word++;
        length--;
    }
    while (length > 0 && text_is_space(word[length - 1]))
        length--;
    return arena_copy_bytes(arena, word, length);
}

void environment_keep(const char *list)
{
    struct arena *arena = arena_new();
    struct variable variables[VARIABLES_MAX];
    size_t count = 0;
    const char *cursor = list;
    const char *word;
    size_t length;

    while (count < VARIABLES_MAX && text_next_word_braced(&cursor, TEXT_LIST_SEPARATORS, &word, &length)) {
        char *name = word_text(arena, word, length);
        char *equals = strchr(name, '=');
        if (equals != NULL)
            *equals = '\0';
        const char *value = equals != NULL ? equals + 1 : getenv(name);
        if (value != NULL)
            variables[count++] = (struct variable){ name, arena_copy_text(arena, value) };
    }
    if (clearenv() != 0)
        log_fatal("clear the environment: %m");
    for (size_t i = 0; i < count; i++)
        if (setenv(variables[i].name, variables[i].value, 1) != 0)
            log_fatal("setenv %s: %m", variables[i].name);
    arena_free(arena);
}

void environment_clean(const struct config *config)
{
    environment_keep(config->import_environment);
    if (setenv("PATH", "/usr/bin:/bin:/usr/sbin:/sbin", 0) != 0 || setenv("MAIL_CONFIG", config->config_directory, 1) != 0
        || setenv("TZ", ":/etc/localtime", 0) != 0) /* unset, the C library would look at that file for every line of log */
        log_fatal("setenv: %m");
}
