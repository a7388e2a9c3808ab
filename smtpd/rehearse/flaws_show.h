/* flaws_show.h: what smtpd and postscreen would stumble over when a client comes, told by posthaste check instead. */
#ifndef SMTPD_REHEARSE_FLAWS_SHOW_H
#define SMTPD_REHEARSE_FLAWS_SHOW_H

/* Prints a line per flaw: file, line, parameter, what is wrong. Exit status 0: there are none; 3: there are some. */
int flaws_show(int argc, char **argv);
#endif
