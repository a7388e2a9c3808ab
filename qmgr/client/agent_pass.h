/* agent_pass.h: one delivery agent hands an order over to another (fallback_transport, mailbox_transport, best_mx_transport).
 * It plays the queue manager towards that agent and passes the verdicts on; the other agent logs them. */
#ifndef QMGR_CLIENT_AGENT_PASS_H
#define QMGR_CLIENT_AGENT_PASS_H
#include "qmgr/client/agent.h"

/* Targets that weren't reported yet (only: just that one, unless NULL) go to the agent behind the socket, with next_hop.
 * Blocks until it is done. False: it isn't there or went away; who has no verdict then is still unreported. */
bool agent_pass(struct agent *agent, struct order *order, struct agent_target *only, const char *socket_path,
    const char *next_hop);
#endif
