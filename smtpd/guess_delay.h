/* guess_delay.h: who guesses passwords waits longer with each failure (smtpd_auth_delay_limit). anvil(8) counts failures by
 * client and by login, each in one of 65536 bins, so that made-up names take no memory; two that share a bin wait for each
 * other's failures. */
#ifndef SMTPD_GUESS_DELAY_H
#define SMTPD_GUESS_DELAY_H
#include <stdint.h>

struct session;

/* Counts a failed log-in, and sleeps before it is answered; user: NULL if unknown. Only this client's process waits. It goes on
 * even if the client hangs up, whose connection stays counted meanwhile (smtpd_client_connection_count_limit). */
void guess_delay_failed(struct session *session, const char *user);

/* After so many failures in smtpd_auth_delay_window: three are free, then 1, 2, 4, ... up to the limit. */
int64_t guess_delay_seconds(uint32_t failures, int64_t limit_s);
#endif
