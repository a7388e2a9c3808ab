/* smtp_deliver.h: an order from next hop to verdicts: which destinations and servers are tried, which connection is used
 * again or kept. */
#ifndef DELIVERY_SMTP_DELIVER_H
#define DELIVERY_SMTP_DELIVER_H
#include "delivery/smtp/smtp_client.h"
#include "qmgr/client/agent.h"

/* Reports every recipient and finishes the order. Afterwards client->kept is the connection that is held for its affinity,
 * or NULL. False: the queue manager is gone. */
bool smtp_deliver_order(struct smtp_client *client, struct agent *agent, struct order *order);
#endif
