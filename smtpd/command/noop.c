/* NOOP (RFC 5321 section 4.1.1.9). */
#include "smtpd/command.h"
#include "smtpd/session.h"

struct verdict command_noop(struct session *session, const char *arguments)
{
    return VERDICT(250, "2.0.0", "Ok");
}
