/* notice.h: the report to the postmaster about a session in which something went wrong (notify_classes). */
#ifndef SMTPD_NOTICE_H
#define SMTPD_NOTICE_H
struct session;

/* Sends the session's transcript when its trouble is of a class that is reported. */
void notice_send(struct session *session);
#endif
