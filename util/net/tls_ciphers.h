/* tls_ciphers.h: the OpenSSL cipher list behind a grade of main.cf and what is excluded from it. For TLS up to 1.2;
 * the ciphers of TLS 1.3 are the library's business. Pure. */
#ifndef UTIL_NET_TLS_CIPHERS_H
#define UTIL_NET_TLS_CIPHERS_H
#include <stdbool.h>

#include "util/base/str.h"

/* tls_high_cipherlist, tls_medium_cipherlist, tls_null_cipherlist. */
struct tls_grades {
    const char *high;
    const char *medium;
    const char *null;
};

/* Puts the list (replacing *out): the grade's, then ":!name" for each word of the lists in exclude (ends with NULL).
 * The grades low and export count as medium. False: no such grade. */
bool tls_ciphers_build(const struct tls_grades *grades, const char *grade, const char *const *exclude, struct str *out);
#endif
