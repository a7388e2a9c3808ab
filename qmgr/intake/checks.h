/* checks.h: header_checks, mime_header_checks, nested_header_checks, body_checks and milter_header_checks (header_checks(5)), and
 * message_reject_characters, message_strip_characters: looked up, logged, carried out. */
#ifndef QMGR_INTAKE_CHECKS_H
#define QMGR_INTAKE_CHECKS_H
#include <stdbool.h>
#include <stddef.h>

#include "qmgr/intake/state.h"
#include "util/base/str.h"
#include "util/config/config.h"

struct checks;

enum checks_list { CHECKS_HEADER, CHECKS_MIME_HEADER, CHECKS_NESTED_HEADER, CHECKS_BODY, CHECKS_MILTER_HEADER, CHECKS_LISTS };

/* Opens the tables: before a worker confines itself. has_changed: one was replaced since. */
struct checks *checks_open(const struct config *config);
void checks_close(struct checks *checks);
bool checks_have_changed(struct checks *checks);

/* Whether a list applies to this message (now: a PASS ends them). */
bool checks_apply_to(const struct intake_message *message, enum checks_list list);
/* Looks a field or a body line up and does what the table says. REPLACE changes *text; a PREPEND is appended to *before, with
 * its LF. False: the text is to be dropped (IGNORE, STRIP, or the message is refused or discarded). */
bool checks_run(struct intake_message *message, enum checks_list list, struct str *text, struct str *before);

/* Whether any byte is stripped or refused. */
bool checks_have_characters(const struct checks *checks);
/* Takes away message_strip_characters, in place; refuses the message for one of message_reject_characters. */
void checks_filter_characters(struct intake_message *message, struct str *text);

/* Refuses the message for a MIME error: what is "improper use of 8-bit data in message header" or the like. */
void checks_reject_mime(struct intake_message *message, const char *what, const char *text);
#endif
