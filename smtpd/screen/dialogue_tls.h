/* dialogue_tls.h: STARTTLS in postscreen: asks tlsproxy whether it can serve, hands the client's connection over to it and goes on
 * with what that decrypts (tlsproxy_request.h). */
#ifndef SMTPD_SCREEN_DIALOGUE_TLS_H
#define SMTPD_SCREEN_DIALOGUE_TLS_H
#include "smtpd/screen/dialogue_state.h"

/* Answers the client 220 or 454, once tlsproxy has said which; the dialogue is paused meanwhile. */
void dialogue_tls_start(struct dialogue *dialogue);
void dialogue_tls_stop(struct dialogue_tls *tls); /* gives up; NULL is allowed */
#endif
