/* postconf_main_cf.h: postconf's views of main.cf. */
#ifndef UTIL_TOOL_POSTCONF_MAIN_CF_H
#define UTIL_TOOL_POSTCONF_MAIN_CF_H
#include "util/tool/postconf_state.h"

/* The parameters that were asked for, or all of the classes wanted. */
void postconf_main_cf_show(struct postconf *postconf);
#endif
