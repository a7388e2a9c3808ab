#include "util/sasl/sasl_options.h"

#include <string.h>
#include <strings.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

static const struct {
    const char *name;
    unsigned bit;
} words[] = {
    { "noplaintext", SASL_OPTION_NO_PLAINTEXT },
    { "noactive", SASL_OPTION_NO_ACTIVE },
    { "nodictionary", SASL_OPTION_NO_DICTIONARY },
    { "noanonymous", SASL_OPTION_NO_ANONYMOUS },
    { "forward_secrecy", SASL_OPTION_FORWARD_SECRECY },
    { "mutual_auth", SASL_OPTION_MUTUAL_AUTH },
};

static unsigned bit_of(const char *parameter, const char *word, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strlen(words[i].name) == length && strncasecmp(words[i].name, word, length) == 0)
            return words[i].bit;
    }
    log_fatal("%s: unknown SASL security option \"%.*s\"", parameter, (int)length, word);
}

unsigned sasl_options_parse(const char *parameter, const char *text)
{
    unsigned bits = 0;
    const char *word;
    size_t length;

    while (text_next_word(&text, TEXT_LIST_SEPARATORS, &word, &length))
        bits |= bit_of(parameter, word, length);
    return bits;
}
