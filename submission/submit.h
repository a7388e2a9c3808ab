/* submit.h: one file of the maildrop folder becomes one message of the queue. */
#ifndef SUBMISSION_SUBMIT_H
#define SUBMISSION_SUBMIT_H
#include <sys/types.h>

#include "qmgr/intake/intake.h"

enum submit_result {
    SUBMIT_DONE,   /* in the queue: remove the file */
    SUBMIT_LATER,  /* this one can't be taken in now; others may */
    SUBMIT_CLOSED, /* the queue takes nothing now */
    SUBMIT_BAD,    /* not a message */
};

/* fd: the file; uid: its owner, who is named in Received; path: for log lines. */
enum submit_result submit_file(const struct config *config, struct intake *intake, int fd, uid_t uid, const char *path);

/* The Received field of a message from this machine. */
void submit_put_received(const struct config *config, struct intake_message *message, uid_t uid);

/* receive_override_options (of pickup, of qmqpd) in intake's terms: INTAKE_NO_*. */
uint32_t submit_override_options(const struct config *config);
#endif
