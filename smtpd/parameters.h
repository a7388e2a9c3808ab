/* parameters.h: what follows the address of MAIL and RCPT: SIZE (RFC 1870), BODY (6152), SMTPUTF8 (6531), RET, ENVID, NOTIFY,
 * ORCPT (3461), AUTH (4954). */
#ifndef SMTPD_PARAMETERS_H
#define SMTPD_PARAMETERS_H
#include <stdbool.h>
#include <stdint.h>

#include "qmgr/client/envelope.h"
#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/mail/verdict.h"

/* Which extensions the client may use. */
enum {
    PARAMETERS_DSN = 1,
    PARAMETERS_SMTPUTF8 = 2,
    PARAMETERS_VERP = 4,
};

struct mail_parameters {
    int64_t size_bytes; /* 0: not said */
    uint32_t flags;     /* ENVELOPE_CONTENT_*, ENVELOPE_SMTPUTF8 */
    enum envelope_ret ret;
    const char *envid;  /* xtext, "" when not given */
    const char *verp;   /* XVERP: the delimiters, "" for the default ones; NULL: not given */
    const char *auth;   /* AUTH=, as received (xtext); NULL: not given, or "<>": nobody known */
};

struct rcpt_parameters {
    uint32_t notify;       /* NOTIFY_* */
    const char *dsn_orcpt; /* "rfc822;...", "" when not given */
};

/* code 0: fine. Texts live in the arena. */
struct verdict parameters_parse_mail(const char *text, unsigned extensions, struct arena *arena,
    struct mail_parameters *parameters);
struct verdict parameters_parse_rcpt(const char *text, unsigned extensions, struct arena *arena,
    struct rcpt_parameters *parameters);
#endif
