#include "util/base/brace.h"

#include <string.h>

#include "util/base/text.h"

bool brace_next_word(const char **cursor, const char *separators, struct str *word)
{
    const char *start = *cursor + strspn(*cursor, separators);
    const char *end = start;

    for (size_t depth = 0; *end != '\0'; end++) {
        if (*end == '{')
            depth++;
        else if (*end == '}' && depth > 0)
            depth--;
        else if (depth == 0 && strchr(separators, *end) != NULL)
            break;
    }
    *cursor = end;
    str_clear(word);
    str_put_bytes(word, start, (size_t)(end - start));
    return end > start;
}

/* The brace that closes the one at text, or NULL. */
static const char *closing_brace(const char *text)
{
    size_t depth = 0;

    for (; *text != '\0'; text++) {
        if (*text == '{')
            depth++;
        else if (*text == '}' && --depth == 0)
            return text;
    }
    return NULL;
}

bool brace_content(const char *text, struct str *inner, struct str *why)
{
    str_clear(inner);
    str_clear(why);
    if (text[0] != '{') {
        str_printf(why, "no '{' at start of text in \"%s\"", text);
        return false;
    }
    const char *end = closing_brace(text);
    if (end == NULL) {
        str_printf(why, "missing '}' in \"%s\"", text);
        return false;
    }
    if (end[1 + strspn(end + 1, " \t\r\n")] != '\0') {
        str_printf(why, "syntax error after '}' in \"%s\"", text);
        return false;
    }
    const char *start = text + 1;
    while (start < end && text_is_space(*start))
        start++;
    while (end > start && text_is_space(end[-1]))
        end--;
    str_put_bytes(inner, start, (size_t)(end - start));
    return true;
}
