/* template_set.h: the words of all kinds of delivery reports (template.h reads them). */
#ifndef QMGR_BOUNCE_TEMPLATE_SET_H
#define QMGR_BOUNCE_TEMPLATE_SET_H
#include <stdbool.h>

enum template_kind { TEMPLATE_FAILURE, TEMPLATE_DELAY, TEMPLATE_SUCCESS, TEMPLATE_VERIFY, TEMPLATE_KINDS };

struct template {
    const char *name; /* failure_template ... */
    const char *charset;
    const char *from;
    const char *subject;
    const char *postmaster_subject; /* NULL: none is sent */
    const char *text;               /* lines with LF, $names not yet expanded */
    const char *origin;             /* the file it is from, or [built-in] */
    bool own_from;                  /* from is the administrator's */
};

struct template_set {
    struct template templates[TEMPLATE_KINDS];
};
#endif
