/* path.h: the address argument of MAIL, RCPT and VRFY (RFC 5321 section 4.1.2), as liberally as Postfix takes it: phrases,
 * comments and missing brackets are tolerated unless strict_rfc821_envelopes. */
#ifndef SMTPD_PATH_H
#define SMTPD_PATH_H
#include <stdbool.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/mail/rewrite.h"

enum path_result {
    PATH_OK,
    PATH_UNBALANCED, /* a quote or bracket isn't closed */
    PATH_BAD,        /* no single address, or one with an impossible domain: worth a warning in the log */
    PATH_NEEDS_UTF8, /* fine, had the client said SMTPUTF8 (strict_smtputf8) */
};

/* Takes the address from the front of *cursor (blanks before it are skipped): up to the next blank that isn't within quotes or
 * brackets. *word is the address as written. */
enum path_result path_take(const char **cursor, struct str *word);

/* Its internal form; "" for the null address. strict: only <address>. utf8: the client may use UTF-8. */
enum path_result path_parse(const struct config *config, enum rewrite_context context, const char *word, bool strict,
    bool utf8, struct str *internal);
#endif
