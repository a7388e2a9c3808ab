/* table_proxy.h: proxy:type:name, a table that the service proxymap (for changes: proxywrite) has open for all. One connection
 * per process and service; it is given up when it fails or wasn't used for a second. */
#ifndef UTIL_TABLE_TABLE_PROXY_H
#define UTIL_TABLE_TABLE_PROXY_H
#include "util/table/table_type.h"

extern const struct table_type table_proxy;

/* Whether the service is asked for this table ("mysql:..."). Tables in local files are opened directly, which is faster and gives
 * nobody more rights: a process that reads them has them open before it gives up its own. Files that several processes change,
 * servers and databases, where connections are few, go through the service; so does all that flags ask for (TABLE_PROXY). */
bool table_proxy_is_asked(const char *type_name, unsigned flags);
#endif
