/* QUIT (RFC 5321 section 4.1.1.10). */
#include "smtpd/command.h"
#include "smtpd/session.h"

struct verdict command_quit(struct session *session, const char *arguments)
{
    session->quit = true;
    return VERDICT(221, "2.0.0", "Bye");
}
