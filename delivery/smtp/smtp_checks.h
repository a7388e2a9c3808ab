/* smtp_checks.h: smtp_header_checks, smtp_mime_header_checks, smtp_nested_header_checks and smtp_body_checks: tables that see
 * each field or line of outgoing mail, and those actions of header_checks(5) that leave the delivery's fate alone. */
#ifndef DELIVERY_SMTP_CHECKS_H
#define DELIVERY_SMTP_CHECKS_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/config.h"

struct smtp_checks;

enum smtp_check_kind { SMTP_CHECK_HEADER, SMTP_CHECK_MIME_HEADER, SMTP_CHECK_NESTED_HEADER, SMTP_CHECK_BODY, SMTP_CHECK_KINDS };

enum smtp_check_outcome {
    SMTP_CHECK_PASS,    /* send it as it is */
    SMTP_CHECK_DROP,    /* leave it out */
    SMTP_CHECK_REPLACE, /* send *text instead */
    SMTP_CHECK_PREPEND, /* send *text before it */
    SMTP_CHECK_FAILED,  /* a table failed: nothing may be sent */
};

/* Opens the tables: before the worker confines itself. Empty: nothing has to be looked at. */
struct smtp_checks *smtp_checks_open(const struct config *config, bool lmtp);
void smtp_checks_close(struct smtp_checks *checks);
bool smtp_checks_are_empty(const struct smtp_checks *checks);

/* Looks a field (LF between its lines) or body line up, logs what the action says. *text is replaced. */
enum smtp_check_outcome smtp_checks_apply(struct smtp_checks *checks, enum smtp_check_kind kind, const char *queue_id,
    const char *line, struct str *text);
#endif
