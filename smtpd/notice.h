/* notice.h: the report to the postmaster about a session in which something went wrong (notify_classes), and the transcript that
 * it shows: 64 KiB at most. */
#ifndef SMTPD_NOTICE_H
#define SMTPD_NOTICE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session;

/* Adds a line to the transcript. label: "In:  " or "Out: ". */
void notice_record(struct session *session, const char *label, const char *text, size_t length);

/* Sends the transcript if trouble (TROUBLE_*) is of a class that is reported. */
void notice_send(struct session *session, unsigned trouble);
/* The client begins anew: a transcript of more than so many lines is sent (as notice_send does) and forgotten. False: it is
 * kept. */
bool notice_flush(struct session *session, unsigned trouble, int64_t lines);
#endif
