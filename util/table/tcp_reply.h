/* tcp_reply.h: requests to and replies of a tcp: table server (tcp_table(5)): one line each, "get KEY" and "CODE TEXT", with
 * %XX for what isn't printable. Pure. */
#ifndef UTIL_TABLE_TCP_REPLY_H
#define UTIL_TABLE_TCP_REPLY_H
#include <stdbool.h>

#include "util/base/str.h"

enum { TCP_REPLY_BYTES_MAX = 4095 }; /* of a line without its end */

enum tcp_reply { TCP_REPLY_FOUND, TCP_REPLY_ABSENT, TCP_REPLY_ERROR, TCP_REPLY_MALFORMED, TCP_REPLY_BAD_CODE };

/* Appends text: the character %, white space and whatever isn't printable ASCII become %XX. */
void tcp_reply_encode(struct str *out, const char *text);
/* Takes a line apart; *text (replaced) is what stands behind the code, decoded, up to a zero byte; empty
 * if it is malformed. */
enum tcp_reply tcp_reply_parse(const char *line, struct str *text);
#endif
