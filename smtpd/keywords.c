#include "smtpd/keywords.h"

#include "util/base/memory.h"
#include "util/base/text.h"

static const struct {
    const char *name;
    unsigned bit;
} keywords[] = {
    { "PIPELINING", KEYWORD_PIPELINING },
    { "SIZE", KEYWORD_SIZE },
    { "ETRN", KEYWORD_ETRN },
    { "VRFY", KEYWORD_VRFY },
    { "STARTTLS", KEYWORD_STARTTLS },
    { "AUTH", KEYWORD_AUTH },
    { "ENHANCEDSTATUSCODES", KEYWORD_ENHANCEDSTATUSCODES },
    { "8BITMIME", KEYWORD_8BITMIME },
    { "DSN", KEYWORD_DSN },
    { "SMTPUTF8", KEYWORD_SMTPUTF8 },
    { "CHUNKING", KEYWORD_CHUNKING },
    { "LIMITS", KEYWORD_LIMITS },
    { "silent-discard", KEYWORD_SILENT_DISCARD },
    { "XCLIENT", KEYWORD_XCLIENT },
    { "XFORWARD", KEYWORD_XFORWARD },
    { "XVERP", KEYWORD_XVERP },
};

static unsigned keyword_bit(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (text_equal_nocase(keywords[i].name, name))
            return keywords[i].bit;
    }
    return 0; /* one of another version */
}

unsigned keywords_parse(const char *list)
{
    struct str name = {0};
    unsigned bits = 0;
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        str_clear(&name);
        str_put_bytes(&name, word, length);
        bits |= keyword_bit(str_text(&name));
    }
    str_free(&name);
    return bits;
}

void keywords_put(unsigned bits, struct str *out)
{
    for (size_t i = 0; i < COUNT_OF(keywords); i++) {
        if (bits & keywords[i].bit)
            str_printf(out, "%s%s", out->length > 0 ? " " : "", keywords[i].name);
    }
}
