#include "smtpd/rehearse/relay_show.h"

#include <stdio.h>
#include <unistd.h>

#include "smtpd/rehearse/exposure.h"
#include "smtpd/rehearse/stranger.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { PATIENCE_S = 20, RELAYS = 2, DOUBTS = 3 };

static int report(const struct master_cf_entry *entry, enum exposure exposure, enum stranger_verdict verdict,
    const char *path)
{
    bool certain = verdict == STRANGER_RELAYS && exposure == EXPOSURE_PUBLIC;

    if (verdict == STRANGER_STOPPED)
        return 0;
    (void)printf("%s: service %s (master.cf, line %d): %s\n",
        certain                        ? "open relay"
        : verdict == STRANGER_RELAYS ? "relays for everybody in a private network"
                                     : "strangers may be able to relay",
        entry->fields[MASTER_CF_SERVICE], entry->line, path); /* relay_show checks the stream */
    return certain ? RELAYS : DOUBTS;
}

static int judge(const struct master_cf *master_cf, const struct master_cf_entry *entry, enum exposure exposure)
{
    struct arena *arena = arena_new();
    struct str text = {0};
    struct view view;
    int found = 0;

    if (!view_open(&view, master_cf, entry, NULL, 0, arena, &text)) {
        (void)printf("%s\n", str_text(&text)); /* as above */
        found = DOUBTS;
    } else if (policy_stops_relay(view.policy)) {
        str_clear(&text);
        enum stranger_verdict verdict = stranger_judge(&view, master_cf, arena, &text);
        found = report(entry, exposure, verdict, str_text(&text));
    } else { /* smtpd refuses to serve anybody like that */
        (void)printf("service %s (master.cf, line %d) won't start: neither smtpd_relay_restrictions nor "
                     "smtpd_recipient_restrictions stop strangers from relaying\n",
            entry->fields[MASTER_CF_SERVICE], entry->line); /* as above */
        found = DOUBTS;
    }
    view_close(&view);
    str_free(&text);
    arena_free(arena);
    return found;
}

int relay_show(int argc, char **argv)
{
    struct master_cf *master_cf;
    struct config *config;
    struct str why = {0};
    int worst = 0;

    (void)alarm(PATIENCE_S); /* a table that hangs shall not keep the system from starting */
    if (!config_load(NULL, NULL, 0, NULL, &config, &why)
        || !master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &why))
        log_fatal("%s", str_text(&why));
    if (chdir(config->queue_directory) != 0)
        log_debug("chdir %s: %m", config->queue_directory); /* it may not exist yet; few tables have relative names */
    for (size_t i = 0; i < master_cf->count; i++) {
        const struct master_cf_entry *entry = &master_cf->entries[i];
        if (!text_equal(entry->fields[MASTER_CF_COMMAND], "smtpd"))
            continue;
        enum exposure exposure = exposure_of(entry, config);
        int found = exposure == EXPOSURE_NONE ? 0 : judge(master_cf, entry, exposure);
        if (found != 0 && worst != RELAYS)
            worst = found;
    }
    config_free(config);
    master_cf_free(master_cf);
    if (fflush(stdout) != 0)
        log_fatal("write: %m");
    return worst;
}
