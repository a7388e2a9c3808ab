/* quota.h: sums by name over a time, for limits that put mail on hold. Pure: the clock is passed in. */
#ifndef SMTPD_ANVIL_QUOTA_H
#define SMTPD_ANVIL_QUOTA_H
#include <stdint.h>

struct quota;

struct quota *quota_new(void);
void quota_free(struct quota *quota); /* NULL is allowed */

/* The sum with this amount, since the name's present window began; a window begins with the first amount after the
 * one before is over. The sum stops at UINT32_MAX. */
uint32_t quota_add(struct quota *quota, const char *name, uint32_t amount, uint32_t window_s, int64_t now_ms);
/* Drops names whose window is over. */
void quota_sweep(struct quota *quota, int64_t now_ms);
/* How many names are known. */
unsigned quota_size(const struct quota *quota);
#endif
