/* route_show.h: posthaste route: who would get an address, and why. */
#ifndef SMTPD_REHEARSE_ROUTE_SHOW_H
#define SMTPD_REHEARSE_ROUTE_SHOW_H

/* The exit status: 0, or 1 if it can't be told now. Ends the process if the question makes no sense. */
int route_show(int argc, char **argv);
#endif
