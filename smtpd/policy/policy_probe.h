/* policy_probe.h: for who asks what would happen, and doesn't serve a client (posthaste session, the check for open relays): is
 * told of every step, and keeps restrictions from asking others. Facts without a probe are decided as always. */
#ifndef SMTPD_POLICY_POLICY_PROBE_H
#define SMTPD_POLICY_POLICY_PROBE_H
#include "smtpd/policy/restriction.h"

struct policy_probe {
    void *context;
    /* False: the restriction is passed over, as if it had nothing to say. */
    bool (*may_ask)(void *context, const char *list, const struct restriction *restriction);
    /* An access table or a policy server answered; decided follows. */
    void (*answered)(void *context, const char *source, const char *key, const char *action);
    void (*decided)(void *context, const char *list, const struct restriction *restriction, enum decision decision);
};
#endif
