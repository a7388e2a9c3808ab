/* tlsproxy_request.h: what postscreen sends to tlsproxy, once. One byte comes back: whether TLS can be had. If so, postscreen tells
 * the client to go ahead and sends one byte (any) together with the client's descriptor. From then on the connection between the
 * two carries what the client says and hears, in plain text. */
#ifndef SMTPD_SCREEN_TLSPROXY_REQUEST_H
#define SMTPD_SCREEN_TLSPROXY_REQUEST_H

struct tlsproxy_request {
    char name[64]; /* "[192.0.2.1]:12345", ends in a zero byte */
};

enum { TLSPROXY_READY = '1', TLSPROXY_UNABLE = '0' };
#endif
