/* requeue.h: a queue file that postsuper -r moved to maildrop goes through intake once more: a new queue id, addresses
 * rewritten and expanded by today's tables, content checked again (but not by milters) and, but for one more Received, as
 * it is. */
#ifndef SUBMISSION_REQUEUE_H
#define SUBMISSION_REQUEUE_H
#include "submission/submit.h"

/* Whether the file is a queue file (and its owner, who must be mail_owner, could have put it there). */
bool requeue_is_queue_file(int fd, uid_t owner);
enum submit_result requeue_file(const struct config *config, struct intake *intake, int fd, const char *path);
#endif
