#include "util/net/tls_ciphers.h"

#include <stddef.h>
#include <string.h>

#include "util/base/text.h"

static const char *grade_list(const struct tls_grades *grades, const char *grade)
{
    if (text_equal_nocase(grade, "high"))
        return grades->high;
    if (text_equal_nocase(grade, "medium") || text_equal_nocase(grade, "low") || text_equal_nocase(grade, "export"))
        return grades->medium;
    if (text_equal_nocase(grade, "null"))
        return grades->null;
    return NULL;
}

bool tls_ciphers_build(const struct tls_grades *grades, const char *grade, const char *const *exclude, struct str *out)
{
    const char *list = grade_list(grades, grade);

    if (list == NULL)
        return false;
    str_set(out, list);
    for (; *exclude != NULL; exclude++) {
        const char *cursor = *exclude;
        const char *word;
        size_t length;
        while (text_next_word(&cursor, ", \t\r\n:", &word, &length)) {
            size_t skip = strspn(word, "!-+"); /* written by people who know OpenSSL's own syntax */
            if (skip < length)
                str_printf(out, ":!%.*s", (int)(length - skip), word + skip);
        }
    }
    return true;
}
