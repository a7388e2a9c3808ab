/* content.h: the message itself, line by line: fields of its header, and of the headers of parts and attached messages, are put
 * together; body lines pass through, or are looked at where checks or MIME ask for it. */
#ifndef QMGR_INTAKE_CONTENT_H
#define QMGR_INTAKE_CONTENT_H
#include "qmgr/intake/state.h"

/* Buffers, reused from message to message. */
struct content *content_new(void);
void content_free(struct content *content);
/* Forgets the previous message. */
void content_start(struct intake_message *message);
/* A piece of a line. */
void content_text(struct intake_message *message, const char *bytes, size_t length, bool line_end);
/* The end of the message: a header that goes on till here is completed; extents are set. */
void content_finish(struct intake_message *message);
#endif
