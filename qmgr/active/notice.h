/* notice.h: orders for the bounce service: what the sender is to be told about a message's recipients. */
#ifndef QMGR_ACTIVE_NOTICE_H
#define QMGR_ACTIVE_NOTICE_H
#include "qmgr/active/delivery.h"
#include "qmgr/active/message.h"

/* All deliveries of a round are over: orders what is due (bounce, delay, success, trace). Their number shows in
 * message->deliveries; recipients whose failure nobody wants to hear of become done at once. */
void notice_order(struct message *message);

/* An agent has something for the postmaster. It is ordered at once; what comes too often or is too long is dropped. */
void notice_order_errors(struct delivery *about, const struct agent_notice *errors);

/* A notice ended; what it reports is settled now, or (when it failed) has to be tried again. */
void notice_settle(struct delivery *notice);
#endif
