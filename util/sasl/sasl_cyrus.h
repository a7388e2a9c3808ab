/* sasl_cyrus.h: what the server and the client side of Cyrus SASL (libsasl2) share. */
#ifndef UTIL_SASL_SASL_CYRUS_H
#define UTIL_SASL_SASL_CYRUS_H
#include <stdbool.h>

#include "util/base/str.h"

/* A sasl_log_t that logs as Postfix does: for SASL_CB_LOG (context NULL). */
int sasl_cyrus_log(void *context, int level, const char *text);
/* SASL_SEC_* for SASL_OPTION_*. Options that Cyrus SASL doesn't know end the process. */
unsigned sasl_cyrus_security_flags(unsigned options);
/* The library's text for one of its results. */
const char *sasl_cyrus_error(int result);

/* The library's own base64: its errors are what the peer is told. Appended to *out; SASL_OK or another result. */
int sasl_cyrus_decode(const char *text, struct str *out);
void sasl_cyrus_encode(const char *bytes, unsigned length, struct str *out);
#endif
