/* view.h: the configuration as one smtpd of master.cf sees it, for dry runs: nobody is served, nothing is sent. */
#ifndef SMTPD_REHEARSE_VIEW_H
#define SMTPD_REHEARSE_VIEW_H
#include <stdbool.h>

#include "qmgr/route/route.h"
#include "smtpd/policy/policy.h"
#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/config/master_cf.h"

struct view {
    struct config *config;
    struct config *rewrite; /* as its rewrite service sees it */
    struct router *router;
    struct policy *policy;
};

/* entry: NULL for main.cf alone. overrides count beyond those of the entry. False: *why. */
bool view_open(struct view *view, const struct master_cf *master_cf, const struct master_cf_entry *entry,
    const struct config_override *overrides, size_t override_count, struct arena *arena, struct str *why);
void view_close(struct view *view);

/* The configuration of a service that works inside others ("rewrite"), or main.cf's if there is no such entry. */
bool view_load(const struct master_cf *master_cf, const struct master_cf_entry *entry, const char *service,
    const char *program, const struct config_override *overrides, size_t override_count, struct arena *arena,
    struct config **config, struct str *why);
#endif
