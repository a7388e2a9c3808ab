/* postconf_master_cf.h: postconf's views of master.cf: entries (-M), fields (-F) and parameters (-P). */
#ifndef UTIL_TOOL_POSTCONF_MASTER_CF_H
#define UTIL_TOOL_POSTCONF_MASTER_CF_H
#include <stdbool.h>
#include <stddef.h>

#include "util/tool/postconf_state.h"

/* service/type/third, where * stands for anything and what is missing is *. */
struct postconf_request {
    const char *service;
    const char *type;
    const char *third;
    const char *text; /* as given */
    bool matched;
};

/* False: more parts than `most`. */
bool postconf_master_cf_request_parse(struct arena *arena, const char *text, size_t least, size_t most,
    struct postconf_request *request);
bool postconf_master_cf_request_matches(const struct postconf_request *request, const struct master_cf_entry *entry);
/* The field of that name, for -F. False: there is none. */
bool postconf_master_cf_request_field(const struct postconf_request *request, enum master_cf_field *field);

/* mode: 'M', 'F' or 'P'. */
void postconf_master_cf_show(struct postconf *postconf, char mode);
#endif
