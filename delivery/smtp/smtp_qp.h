/* smtp_qp.h: quoted-printable (RFC 2045 section 6.7) for a server that takes 7-bit text only. Pure. */
#ifndef DELIVERY_SMTP_QP_H
#define DELIVERY_SMTP_QP_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"

/* Appends the encoded line; soft line breaks are "=" and LF. ends: the line ends behind it (a blank there is encoded), else
 * more of it follows. *column: where we are in the output line; 0 at the start, and set to 0 at an end. */
void smtp_qp_put(const char *line, size_t length, bool ends, size_t *column, struct str *out);
#endif
