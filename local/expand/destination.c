#include "local/expand/destination.h"

#include <string.h>

#include "util/base/str.h"
#include "util/base/text.h"
#include "util/mail/address.h"
#include "util/mail/address_list.h"

#define INCLUDE ":include:"

enum { TOKENS_MAX = 10240 }; /* between two commas */

/* The end of what stands before the next comma, outside of quotes, comments and <>. */
static const char *find_end(const char *text)
{
    int comment = 0;
    bool quoted = false;

    for (; *text != '\0'; text++) {
        if (*text == '\\' && text[1] != '\0')
            text++;
        else if (*text == '"' && comment == 0)
            quoted = !quoted;
        else if (quoted)
            continue;
        else if (*text == '(')
            comment++;
        else if (*text == ')' && comment > 0)
            comment--;
        else if (*text == ',' && comment == 0)
            break;
    }
    return text;
}

static size_t find(const char *text, destination_found *found, void *context)
{
    if (*text == '\0')
        return 0;
    if (*text == '/')
        found(context, DESTINATION_FILE, text);
    else if (*text == '|')
        found(context, DESTINATION_COMMAND, text + 1);
    else if (text_starts_with_nocase(text, INCLUDE))
        found(context, DESTINATION_INCLUDE, text + strlen(INCLUDE));
    else
        found(context, DESTINATION_ADDRESS, text);
    return 1;
}

static size_t find_include(const char *text, size_t length, destination_found *found, void *context)
{
    struct str name = {0};

    struct str plain = {0};

    while (length > 0 && text_is_space(text[length - 1]))
        length--;
    str_put_bytes(&name, text, length);
    if (!address_unquote(str_text(&name), &plain))
        str_set(&plain, str_text(&name));
    size_t count = find(str_text(&plain), found, context);
    str_free(&name);
    str_free(&plain);
    return count;
}

static size_t find_addresses(const char *text, size_t length, destination_found *found, void *context)
{
    struct address_list *list = address_list_parse(text, length, TOKENS_MAX);
    const char *address;
    size_t count = 0;

    for (size_t i = 0; (address = address_list_get(list, i)) != NULL; i++)
        count += find(address, found, context);
    address_list_free(list);
    return count;
}

size_t destination_parse(const char *line, size_t limit, destination_found *found, void *context)
{
    size_t count = 0;

    while (*line != '\0' && count < limit) {
        while (*line == ',' || text_is_space(*line))
            line++;
        const char *end = find_end(line);
        size_t length = (size_t)(end - line);
        if (text_starts_with_nocase(line, INCLUDE))
            count += find_include(line, length, found, context);
        else if (length > 0)
            count += find_addresses(line, length, found, context);
        line = end;
    }
    return count;
}
