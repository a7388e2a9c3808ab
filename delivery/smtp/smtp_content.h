/* smtp_content.h: the message's content on the wire. What the queue file holds is sent as it is, in large blocks, unless
 * something asks for a look at every line. */
#ifndef DELIVERY_SMTP_CONTENT_H
#define DELIVERY_SMTP_CONTENT_H
#include "delivery/smtp/smtp_delivery.h"

enum smtp_content_result {
    SMTP_CONTENT_SENT,       /* all of it, ended by CR LF; the final dot is the caller's */
    SMTP_CONTENT_LOST,       /* the stream failed */
    SMTP_CONTENT_TABLE_FAILED, /* a table that has a say in it failed */
    SMTP_CONTENT_UNREADABLE, /* the queue file can't be read */
};

enum smtp_content_result smtp_content_send(struct smtp_delivery *delivery);
#endif
