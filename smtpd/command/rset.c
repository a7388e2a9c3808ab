/* RSET (RFC 5321 section 4.1.1.5). */
#include "smtpd/command.h"
#include "smtpd/session.h"

struct verdict command_rset(struct session *session, const char *arguments)
{
    if (*arguments != '\0')
        return VERDICT(501, "5.5.4", "Syntax: RSET");
    session->begins_anew = true;
    transaction_reset(&session->transaction);
    session->deferrals.sender = (struct verdict){0};
    return VERDICT(250, "2.0.0", "Ok");
}
