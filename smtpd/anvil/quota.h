/* quota.h: sums by name over a time, for limits that put mail on hold. Pure: the clock is passed in. */
#ifndef SMTPD_ANVIL_QUOTA_H
#define SMTPD_ANVIL_QUOTA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/str.h"

struct quota;

/* All bins empty. */
struct quota *quota_new(void);
void quota_free(struct quota *quota); /* NULL is allowed */

/* The sum with this amount, since the name's present window began; a window begins with the first amount after the
 * one before is over. The sum stops at UINT32_MAX. */
uint32_t quota_add(struct quota *quota, const char *name, uint32_t amount, uint32_t window_s, int64_t now_ms);
/* Drops names whose window is over. */
void quota_sweep(struct quota *quota, int64_t now_ms);
/* For the next process: appends all names whose window isn't over; and takes them back. Windows go by the wall clock there,
 * since the other one begins anew with the machine. False: that isn't such a text; what came before the fault was taken. */
void quota_put(const struct quota *quota, int64_t now_ms, int64_t wall_s, struct str *out);
bool quota_take(struct quota *quota, const char *bytes, size_t length, int64_t now_ms, int64_t wall_s);
/* Whether anything was added since quota_is_saved. */
bool quota_has_changed(const struct quota *quota);
void quota_is_saved(struct quota *quota);
/* How many names are known. */
unsigned quota_size(const struct quota *quota);
#endif
