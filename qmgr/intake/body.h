/* body.h: what comes behind the empty line: passes through, or is looked at line by line where checks or MIME ask for it. */
#ifndef QMGR_INTAKE_BODY_H
#define QMGR_INTAKE_BODY_H
#include "qmgr/intake/state.h"
#include "util/mail/header.h"
#include "util/mail/mime.h"

/* A header (the message's or a part's) is over. */
void body_begin_segment(struct intake_message *message);
/* A piece of a body line. Says what follows the line. */
enum mime_next body_text(struct intake_message *message, const char *bytes, size_t length, bool line_end);
/* A field of the header of a part or of an attached message. */
void body_take_field(struct intake_message *message, enum mime_next header, struct str *field);
/* What a field of any header says about MIME structure, as it came (before checks change it). value: behind its colon. */
void body_note_mime(struct intake_message *message, const struct header_kind *kind, const struct str *field, size_t value);
/* The last line had no end. */
void body_finish(struct intake_message *message);
#endif
