/* reason.h: a reason for a delivery's outcome as administrators write it: an enhanced status code (RFC 3463), then text,
 * either of which may be missing ("5.1.1 user is gone"). */
#ifndef UTIL_MAIL_REASON_H
#define UTIL_MAIL_REASON_H

enum { REASON_STATUS_BYTES = 12 };

/* The length of the enhanced status code at the start of text, 0 when there is none. */
int reason_status_length(const char *text);

/* Splits text: the code goes to status, *rest points to what follows ("?" when nothing does). A missing code, or one that
 * isn't of the class ('2', '4', '5'), becomes "<class>.0.0"; the latter is warned of. */
void reason_split(const char *text, char class, char status[REASON_STATUS_BYTES], const char **rest);
#endif
