/* verify_cache.h: what probes of addresses found, and for how long that counts (verify(8), address_verify_*_time). Entries look as
 * Postfix writes them: "state:probed:updated:text". */
#ifndef SMTPD_VERIFY_VERIFY_CACHE_H
#define SMTPD_VERIFY_VERIFY_CACHE_H
#include <stdbool.h>
#include <stdint.h>

#include "qmgr/client/verify_messages.h"
#include "util/base/str.h"
#include "util/config/config.h"

struct verify_entry {
    enum verify_state state; /* VERIFY_PENDING: nothing is known yet */
    int64_t probed_s;        /* when a probe was sent that isn't answered; 0: none is under way */
    int64_t updated_s;       /* when the state was found */
    struct str text;
};

/* False: not an entry. */
bool verify_entry_parse(const char *value, struct verify_entry *entry);
void verify_entry_put(const struct verify_entry *entry, struct str *out);

/* What is found in it is too old to be believed. */
bool verify_entry_has_expired(const struct config *config, const struct verify_entry *entry, int64_t now_s);
/* It should be probed (again), now. */
bool verify_entry_wants_probe(const struct config *config, const struct verify_entry *entry, int64_t now_s);
/* Takes what a probe found. False: what was known before stays. */
bool verify_entry_update(const struct config *config, struct verify_entry *entry, enum verify_state state, const char *text,
    int64_t now_s);
#endif
