/* relay_show.h: looks at every smtpd of master.cf for strangers who could relay; for posthaste start, reload and
 * check. */
#ifndef SMTPD_REHEARSE_RELAY_SHOW_H
#define SMTPD_REHEARSE_RELAY_SHOW_H

/* A line on standard output for each finding. The exit status: 0 none, 2 some service relays for strangers, 3 only
 * doubts. */
int relay_show(int argc, char **argv);
#endif
