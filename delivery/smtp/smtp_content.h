/* smtp_content.h: the message's content on the wire. What the queue file holds is sent as it is, in large blocks, unless
 * something asks for a look at every line. */
#ifndef DELIVERY_SMTP_CONTENT_H
#define DELIVERY_SMTP_CONTENT_H
#include "delivery/smtp/smtp_filter.h"

/* After the server asked for the content. */
enum smtp_content_result smtp_content_send(struct smtp_delivery *delivery);
#endif
