/* exit_status.h: what a delivery command's end means (sysexits.h): its exit status, and an enhanced status code (RFC 3463) at
 * the start of what it said. */
#ifndef UTIL_MAIL_EXIT_STATUS_H
#define UTIL_MAIL_EXIT_STATUS_H
#include "util/base/str.h"
#include "util/mail/verdict.h"

/* status: see waitpid(2). output: what the command said. The reason, which becomes verdict->text, is appended to *why: "user
 * unknown. Command output: no such mailbox". */
struct verdict exit_status_verdict(int status, const char *command, const struct str *output, struct str *why);

/* The diagnostic code of type x-unix for a delivery report, appended: what the command said, else what its status means. */
void exit_status_diagnostic(int status, const struct str *output, struct str *out);

/* As exit_status_verdict, for one that was killed when its time was up. */
struct verdict exit_status_timed_out(const char *command, const struct str *output, struct str *why);
#endif
