/* agent_pass.h: one delivery agent hands an order over to another (fallback_transport, mailbox_transport,
 * best_mx_transport). It plays the queue manager towards that agent and passes the verdicts on; the other agent
 * logs them. */
#ifndef QMGR_CLIENT_AGENT_PASS_H
#define QMGR_CLIENT_AGENT_PASS_H
#include "qmgr/client/agent.h"

/* Targets that weren't reported yet (only: just that one, unless NULL) go to the agent behind the socket, with
 * next_hop. Blocks until it is done. False: it isn't there or went away; who has no verdict then is still
 * unreported. */
bool agent_pass(struct agent *agent, struct order *order, struct agent_target *only, const char *socket_path,
    const char *next_hop);

/* The same for somebody else than a target (an alias's member) and with another sender. The verdict comes as
 * *result (texts in the order's arena), for agent_note_part. */
bool agent_pass_for(struct order *order, const struct recipient *recipient, const char *sender, const char *socket_path,
    const char *next_hop, struct agent_result *result);
#endif
