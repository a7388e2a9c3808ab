/* smtp_notice.h: transcripts of sessions for the postmaster (notify_classes): with servers that break the protocol, and those
 * that a table of ours ended by its failure (data). */
#ifndef DELIVERY_SMTP_SMTP_NOTICE_H
#define DELIVERY_SMTP_SMTP_NOTICE_H
#include "delivery/smtp/smtp_session_state.h"

/* Whether a reply with that code says that the server doesn't understand us, or that we don't understand it. Pure. */
bool smtp_notice_is_trouble(int code);
/* The session's last reply is why something failed: remembers it if that is the postmaster's business. */
void smtp_notice_judge(struct smtp_session *session);
/* One line of the transcript; direction "In: " or "Out:". */
void smtp_notice_record(struct smtp_session *session, const char *direction, const char *line);
/* The session ends, or is kept for another order: sends what there is, and begins anew. */
void smtp_notice_send(struct smtp_session *session);
#endif
