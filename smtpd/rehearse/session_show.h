/* session_show.h: posthaste session: what a client would hear, and who decided. */
#ifndef SMTPD_REHEARSE_SESSION_SHOW_H
#define SMTPD_REHEARSE_SESSION_SHOW_H

/* The exit status: 0 if every command is accepted, 2 if one is refused. Ends the process with one line and status 1 if
 * the question makes no sense. */
int session_show(int argc, char **argv);
#endif
