#include "util/table/table_pcre.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/table/rules.h"

struct compiled {
    pcre2_code *code;
    pcre2_match_data *match_data;
};

/* One letter of the flags behind a pattern. X (extra) has no meaning in PCRE2, where it is always on. */
static uint32_t option_of(char letter)
{
    static const struct { char letter; uint32_t option; } options[] = {
        { 'i', PCRE2_CASELESS }, { 'm', PCRE2_MULTILINE }, { 's', PCRE2_DOTALL }, { 'x', PCRE2_EXTENDED },
        { 'A', PCRE2_ANCHORED }, { 'E', PCRE2_DOLLAR_ENDONLY }, { 'U', PCRE2_UNGREEDY },
    };

    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (options[i].letter == letter)
            return options[i].option;
    }
    return 0;
}

static void put_error(int error, struct str *why)
{
    PCRE2_UCHAR text[256];

    if (pcre2_get_error_message(error, text, sizeof(text)) < 0)
        str_printf(why, "unknown error %d", error);
    else
        str_put(why, (const char *)text);
}

static void *compile(const char *pattern, const char *letters, unsigned *groups, struct str *why)
{
    uint32_t options = PCRE2_CASELESS | PCRE2_DOTALL;
    int error;
    PCRE2_SIZE offset;

    for (; *letters != '\0'; letters++)
        options ^= option_of(*letters);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &error, &offset, NULL);
    if (code == NULL) {
        str_printf(why, "error in regex at offset %zu: ", (size_t)offset);
        put_error(error, why);
        return NULL;
    }
    (void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without it matching is only slower */
    uint32_t captures = 0;
    (void)pcre2_pattern_info(code, PCRE2_INFO_CAPTURECOUNT, &captures); /* can't fail for good code */
    *groups = captures;
    struct compiled *compiled = memory_new(struct compiled);
    compiled->code = code;
    compiled->match_data = pcre2_match_data_create_from_pattern(code, NULL);
    if (compiled->match_data == NULL)
        memory_exhausted();
    return compiled;
}

static void release(void *data)
{
    struct compiled *compiled = data;

    pcre2_match_data_free(compiled->match_data);
    pcre2_code_free(compiled->code);
    free(compiled);
}

static enum rules_matched match_key(void *data, const char *key, struct rules_match *match, unsigned groups, struct str *why)
{
    struct compiled *compiled = data;
    int result = pcre2_match(compiled->code, (PCRE2_SPTR)key, strlen(key), 0, 0, compiled->match_data, NULL);

    if (result == PCRE2_ERROR_NOMATCH)
        return RULES_NOT_MATCHED;
    if (result < 0) {
        put_error(result, why);
        return RULES_FAILED;
    }
    const PCRE2_SIZE *offsets = pcre2_get_ovector_pointer(compiled->match_data);
    for (unsigned i = 1; i <= groups; i++) {
        bool took_part = offsets[2 * i] != PCRE2_UNSET;
        match->start[i] = took_part ? (int)offsets[2 * i] : -1;
        match->end[i] = took_part ? (int)offsets[2 * i + 1] : -1;
        if (match->end[i] < match->start[i])
            match->end[i] = match->start[i]; /* \K in a look-around can do that */
    }
    return RULES_MATCHED;
}

static const struct rules_engine engine = {
    .type = "pcre", .verdict = "ignoring", .zero_index = "out of range", .flags = "imsxAEUX",
    .compile = compile, .release = release, .match = match_key,
};

static void *open_rules(const struct table_request *request)
{
    return rules_open(request, &engine);
}

const struct table_type table_pcre = {
    .name = "pcre", .suffix = "", .open = open_rules, .close = rules_close, .find = rules_find,
};
