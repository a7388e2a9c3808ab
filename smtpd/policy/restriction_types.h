/* restriction_types.h: all restrictions that have a name (postconf(5), smtpd_recipient_restrictions and its siblings). */
#ifndef SMTPD_POLICY_RESTRICTION_TYPES_H
#define SMTPD_POLICY_RESTRICTION_TYPES_H
#include "smtpd/policy/restriction.h"

/* Case doesn't matter. NULL: no such name. */
const struct restriction_type *restriction_types_find(const char *name);
#endif
