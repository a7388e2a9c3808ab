/* smtp_filter.h: outgoing content line by line, for when something has to look at it or change it: header and body checks,
 * generic addresses, 8-bit text for a 7-bit server, lines that are too long. */
#ifndef DELIVERY_SMTP_FILTER_H
#define DELIVERY_SMTP_FILTER_H
#include "delivery/smtp/smtp_delivery.h"

enum smtp_content_result {
    SMTP_CONTENT_SENT,       /* all of it, ended by CR LF; the final dot is the caller's */
    SMTP_CONTENT_LOST,       /* the stream failed */
    SMTP_CONTENT_TABLE_FAILED, /* a table that has a say in it failed */
    SMTP_CONTENT_UNREADABLE, /* the queue file can't be read */
};

/* What is asked for. */
struct smtp_filter_need {
    bool header; /* fields of the message header */
    bool body;   /* lines of the body, too */
    bool encode; /* 8-bit parts become quoted-printable */
};
struct smtp_filter_need smtp_filter_need(const struct smtp_delivery *delivery);

/* Sends head, empty line and body through the filter; just the head (and the empty line) when the body isn't needed. */
enum smtp_content_result smtp_filter_send(struct smtp_delivery *delivery, const struct smtp_filter_need *need);
#endif
