/* attributes.h: the arguments of XCLIENT and XFORWARD: "NAME=value" pairs in xtext (XCLIENT_README, XFORWARD_README). */
#ifndef SMTPD_ATTRIBUTES_H
#define SMTPD_ATTRIBUTES_H
#include <stdbool.h>
#include <stddef.h>

#include "util/mail/verdict.h"

struct session;

struct attribute_row {
    const char *name;
    /* value: decoded; NULL: not available; temporary: maybe later. False: not the syntax of such a value. */
    bool (*take)(struct session *session, const char *value, bool temporary);
};

/* Runs the pairs through the table, in order; what was taken before an error is the caller's to undo. verb: for texts. code 0:
 * all is well. */
struct verdict attributes_parse(struct session *session, const char *verb, const char *arguments,
    const struct attribute_row *rows, size_t count);

/* An address in XCLIENT's and XFORWARD's form ("192.0.2.1", "IPv6:2001:db8::1") as access tables know it, in the arena of the
 * connection; NULL: it is none, or inet_protocols excludes it. */
const char *attributes_address(struct session *session, const char *value);
bool attributes_is_port(const char *value);
#endif
