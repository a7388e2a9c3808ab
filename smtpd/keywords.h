/* keywords.h: the keywords of EHLO that can be withheld from clients (smtpd_discard_ehlo_keywords and its relatives). */
#ifndef SMTPD_KEYWORDS_H
#define SMTPD_KEYWORDS_H
#include "util/base/str.h"

enum {
    KEYWORD_PIPELINING = 1,
    KEYWORD_SIZE = 2,
    KEYWORD_VRFY = 4,
    KEYWORD_ETRN = 8,
    KEYWORD_ENHANCEDSTATUSCODES = 16,
    KEYWORD_8BITMIME = 32,
    KEYWORD_DSN = 64,
    KEYWORD_SMTPUTF8 = 128,
    KEYWORD_CHUNKING = 256,
    KEYWORD_STARTTLS = 512,
    KEYWORD_AUTH = 1024,
    KEYWORD_XCLIENT = 4096,
    KEYWORD_XFORWARD = 8192,
    KEYWORD_XVERP = 32768,
    KEYWORD_LIMITS = 16384,
    KEYWORD_SILENT_DISCARD = 2048, /* don't log what was withheld */
};

/* KEYWORD_* of a list of names; those of other versions are passed over. */
unsigned keywords_parse(const char *list);
/* Appends their names, with blanks between them. */
void keywords_put(unsigned bits, struct str *out);
#endif
