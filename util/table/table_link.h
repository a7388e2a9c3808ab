/* table_link.h: the connection to a server that answers look-ups one by one (socketmap:, tcp:). All tables of a process that
 * name the same server share one; it is made when it is first needed, closed after TABLE_LINK_IDLE_S without a request (seen at
 * the next one) and after TABLE_LINK_LIFE_S. The one static of table_link.c lists them. */
#ifndef UTIL_TABLE_TABLE_LINK_H
#define UTIL_TABLE_TABLE_LINK_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/io/stream.h"

enum { TABLE_LINK_TIMEOUT_S = 100, TABLE_LINK_IDLE_S = 10, TABLE_LINK_LIFE_S = 100 };

struct table_link;

/* server: "inet:host:port" or "unix:path". protocols: inet_protocols. */
struct table_link *table_link_open(const char *protocols, const char *server);
void table_link_close(struct table_link *link);

/* The connected stream, with TABLE_LINK_TIMEOUT_S for the request and its reply together; stays the link's. NULL: errno. */
struct stream *table_link_stream(struct table_link *link);
/* After an error: whatever else comes over this connection would be taken for the wrong reply. */
void table_link_drop(struct table_link *link);
/* After a whole reply. */
void table_link_was_used(struct table_link *link);
#endif
