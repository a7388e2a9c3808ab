/* proxy_header.h: waits for the header of a proxy in front of postscreen (postscreen_upstream_proxy_protocol). */
#ifndef SMTPD_SCREEN_PROXY_HEADER_H
#define SMTPD_SCREEN_PROXY_HEADER_H
#include "smtpd/screen/visitor.h"

/* good: the visitor's ends are the real ones now; bad: no header came, the client has been told. */
void proxy_header_start(struct visitor *visitor, void (*good)(struct visitor *visitor), void (*bad)(struct visitor *visitor));
#endif
