#include "smtpd/policy/policy_reply.h"

#include <string.h>

enum { LINES_MAX = 100 };

void policy_reply_reset(struct policy_reply *reply)
{
    str_clear(&reply->action);
    reply->has_action = false;
    reply->lines = 0;
}

enum policy_reply_status policy_reply_take(struct policy_reply *reply, const char *line, size_t length)
{
    static const char name[] = "action=";
    size_t skip = strlen(name);

    if (length == 0)
        return reply->has_action ? POLICY_REPLY_DONE : POLICY_REPLY_NO_ACTION;
    if (++reply->lines > LINES_MAX)
        return POLICY_REPLY_TOO_LONG;
    bool is_text = memchr(line, '\0', length) == NULL;
    if (is_text && !reply->has_action && length >= skip && memcmp(line, name, skip) == 0) {
        str_clear(&reply->action);
        str_put_bytes(&reply->action, line + skip, length - skip);
        reply->has_action = true;
    }
    return POLICY_REPLY_MORE;
}
