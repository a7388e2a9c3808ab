/* probe_sender.h: who address verification probes come from: address_verify_sender, with a part that changes as time goes by where
 * address_verify_sender_ttl is set (the number of intervals since the epoch in base 31, digits and consonants). */
#ifndef SMTPD_VERIFY_PROBE_SENDER_H
#define SMTPD_VERIFY_PROBE_SENDER_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/config/config.h"

/* Appends the sender of a probe that is sent at that time; nothing: the null address. */
void probe_sender_put(const struct config *config, int64_t now_s, struct str *out);
/* Appends the sender without what changes. */
void probe_sender_put_plain(const struct config *config, struct str *out);
/* Whether the address is a sender of our own probes: now, in the interval before, or in the next one. */
bool probe_sender_is(const struct config *config, const char *address, int64_t now_s);
#endif
