#include "util/table/table_regexp.h"

#include <regex.h>
#include <stdlib.h>

#include "util/base/memory.h"
#include "util/table/rules.h"

static void *compile(const char *pattern, const char *letters, unsigned *groups, struct str *why)
{
    int flags = REG_EXTENDED | REG_ICASE;
    regex_t *regex = memory_new(regex_t);

    for (; *letters != '\0'; letters++)
        flags ^= *letters == 'i' ? REG_ICASE : *letters == 'm' ? REG_NEWLINE : REG_EXTENDED;
    int error = regcomp(regex, pattern, flags);
    if (error != 0) {
        char text[256];
        (void)regerror(error, regex, text, sizeof(text)); /* its result is only a length */
        str_put(why, text);
        free(regex);
        return NULL;
    }
    *groups = (unsigned)regex->re_nsub;
    return regex;
}

static void release(void *compiled)
{
    regfree(compiled);
    free(compiled);
}

static enum rules_matched match_key(void *compiled, const char *key, struct rules_match *match, unsigned groups, struct str *why)
{
    regmatch_t found[RULES_GROUPS];
    int error = regexec(compiled, key, groups > 0 ? groups + 1 : 0, found, 0);

    if (error == REG_NOMATCH)
        return RULES_NOT_MATCHED;
    if (error != 0) {
        char text[256];
        (void)regerror(error, compiled, text, sizeof(text)); /* its result is only a length */
        str_printf(why, "%s", text);
        return RULES_FAILED;
    }
    for (unsigned i = 1; i <= groups; i++) {
        match->start[i] = (int)found[i].rm_so;
        match->end[i] = (int)found[i].rm_eo;
    }
    return RULES_MATCHED;
}

static const struct rules_engine engine = {
    .type = "regexp", .verdict = "skipping", .zero_index = "out-of-range", .flags = "imx",
    .compile = compile, .release = release, .match = match_key,
};

static void *open_rules(const struct table_request *request)
{
    return rules_open(request, &engine);
}

const struct table_type table_regexp = {
    .name = "regexp", .suffix = "", .open = open_rules, .close = rules_close, .find = rules_find,
};
