/* footer.h: the text that smtpd_reject_footer and postscreen_reject_footer add to replies that refuse something. */
#ifndef SMTPD_FOOTER_H
#define SMTPD_FOOTER_H
#include "util/base/str.h"
#include "util/config/config.h"

struct footer {
    const struct config *config;
    const char *text;   /* as configured: \c at its start continues the reply's line, \n begins a new one; $names */
    const char *filter; /* the characters that may appear where names are replaced, as configured (\40 and the like) */
    /* What a session knows: client_address and the like, or NULL. It is never expanded itself. */
    const char *(*find)(void *context, const char *name);
    void *context;
};

/* Appends to the reply's text, lines separated by '\n'. */
void footer_put(const struct footer *footer, struct str *reply);
#endif
