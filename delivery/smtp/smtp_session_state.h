/* smtp_session_state.h: what is known of a connection to a server. */
#ifndef DELIVERY_SMTP_SMTP_SESSION_STATE_H
#define DELIVERY_SMTP_SMTP_SESSION_STATE_H
#include <stdint.h>

#include "delivery/smtp/smtp_client_parts.h"
#include "delivery/smtp/smtp_reply.h"
#include "delivery/smtp/smtp_tls_policy.h"
#include "util/base/arena.h"
#include "util/io/stream.h"

/* What the server announced. */
enum {
    SMTP_CAN_PIPELINE = 1,
    SMTP_CAN_8BITMIME = 2,
    SMTP_CAN_SIZE = 4,
    SMTP_CAN_DSN = 8,
    SMTP_CAN_SMTPUTF8 = 16,
    SMTP_CAN_XFORWARD_NAME = 32,
    SMTP_CAN_XFORWARD_ADDR = 64,
    SMTP_CAN_XFORWARD_PROTO = 128,
    SMTP_CAN_XFORWARD_HELO = 256,
    SMTP_CAN_XFORWARD_SOURCE = 512,
    SMTP_CAN_XFORWARD_PORT = 1024,
    SMTP_CAN_XFORWARD_IDENT = 2048,
    SMTP_CAN_STARTTLS = 4096,
    SMTP_CAN_AUTH = 8192,
};

struct agent;

struct smtp_session {
    struct smtp_client *client;
    struct stream *stream;
    struct arena *arena;      /* as long as the session */
    const char *name;         /* "mx.example" */
    const char *host;         /* "mx.example[192.0.2.1]", "mail.example[private/lmtp]" */
    const char *relay;        /* with ":25" */
    const char *address;      /* "192.0.2.1", for tables */
    unsigned port;            /* 0: a Unix socket */
    const char *affinity;     /* of the order that it was opened for */
    unsigned can;
    struct str mechanisms;    /* of AUTH, those that we may use */
    bool logged_in;
    uint64_t size_limit;      /* 0: none known */
    bool pix;                 /* greeted like a Cisco PIX firewall */
    struct tls *tls;          /* NULL: plain text */
    struct smtp_tls_policy policy; /* texts live in the arena */
    bool is_broken;           /* the connection is of no use any more, whatever the stream says */
    bool must_close;          /* protocol state is unknown or the server wants an end */
    int uses;                 /* messages so far, the present one included */
    int64_t started_ms;
    struct str transcript;    /* what was said; kept only where the postmaster wants to see it */
    bool broke_protocol;      /* the server did */
    bool lacked_data;         /* a table of ours failed */
    bool is_debugged;         /* the log is verbose for its sake ... */
    int debug_level;          /* ... and was so much before */
    const char *queue_id;     /* of the order, for log lines */
    struct agent *agent;      /* who passes a notice on; NULL: between orders */
    const char *stage;        /* what we are doing, for "lost connection with ... while ..." */
    struct smtp_reply reply;
    struct str line;
};
#endif
