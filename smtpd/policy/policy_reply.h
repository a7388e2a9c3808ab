/* policy_reply.h: a policy server's reply (SMTPD_POLICY_README): "name=value" lines, then an empty one. What counts is "action". */
#ifndef SMTPD_POLICY_POLICY_REPLY_H
#define SMTPD_POLICY_POLICY_REPLY_H
#include <stdbool.h>

#include "util/base/str.h"

enum policy_reply_status {
    POLICY_REPLY_MORE,      /* further lines follow */
    POLICY_REPLY_DONE,
    POLICY_REPLY_NO_ACTION, /* done, and the action is missing */
    POLICY_REPLY_TOO_LONG,
};

struct policy_reply {
    struct str action;
    bool has_action;
    unsigned lines;
};

void policy_reply_reset(struct policy_reply *reply); /* ready for the next one; memory is kept */
/* The next line, without its line end. */
enum policy_reply_status policy_reply_take(struct policy_reply *reply, const char *line, size_t length);
#endif
