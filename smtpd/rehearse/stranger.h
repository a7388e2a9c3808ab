/* stranger.h: whether somebody whom nobody knows could send mail to anywhere through a service: the same policy, asked with
 * the facts of a stranger. What a table or server elsewhere would have to be asked stays open, and counts as doubt. */
#ifndef SMTPD_REHEARSE_STRANGER_H
#define SMTPD_REHEARSE_STRANGER_H
#include "smtpd/rehearse/view.h"
#include "util/base/str.h"

enum stranger_verdict {
    STRANGER_STOPPED, /* whatever others would say */
    STRANGER_DOUBT,   /* the right sender or HELO gets through, or others decide, or a look-up failed: *path says what */
    STRANGER_RELAYS,  /* *path: what let them through, list by list */
};

/* path is appended to. */
enum stranger_verdict stranger_judge(struct view *view, const struct master_cf *master_cf, struct arena *arena,
    struct str *path);
#endif
