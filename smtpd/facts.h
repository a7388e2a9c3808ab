/* facts.h: what policy servers are told of a session. */
#ifndef SMTPD_FACTS_H
#define SMTPD_FACTS_H
#include "smtpd/policy/policy.h"

struct session;

/* state: "RCPT", "END-OF-MESSAGE". Texts live as long as the command at hand. */
struct policy_session facts_of_session(struct session *session, enum policy_stage stage, const char *state);
#endif
