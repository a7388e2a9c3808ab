/* content.h: the message itself: header lines are put together and given to headers.h, body lines pass through. */
#ifndef QMGR_INTAKE_CONTENT_H
#define QMGR_INTAKE_CONTENT_H
#include "qmgr/intake/state.h"

struct content *content_new(void);
void content_free(struct content *content);
/* Forgets the previous message. */
void content_start(struct intake_message *message);
/* A piece of a line. */
void content_text(struct intake_message *message, const char *bytes, size_t length, bool line_end);
/* The end of the message: a header that goes on till here is completed; extents are set. */
void content_finish(struct intake_message *message);
#endif
