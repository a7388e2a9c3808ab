/* smtp_delivery.h: one order on its way: which session it has, whether there is another server to try, and what to say
 * about recipients. Temporary failures are kept to ourselves as long as another server is left. */
#ifndef DELIVERY_SMTP_DELIVERY_H
#define DELIVERY_SMTP_DELIVERY_H
#include "delivery/smtp/smtp_session.h"
#include "qmgr/client/agent.h"

struct smtp_delivery {
    struct smtp_client *client;
    struct agent *agent;
    struct order *order;
    struct smtp_session *session;  /* NULL: none at the moment */
    bool *kept;                    /* per target: this server refused it for now, the next one may take it */
    const char *destination;       /* the domain or host of the next hop under way, for "mail for ... loops" */
    const char *next_hop;          /* as configured: "[host]:587"; NULL: none was tried yet */
    const char *sender;            /* as the server sees it (smtp_generic_maps) */
    const char **addresses;        /* the same per target */
    const char *tried_address;     /* of a kept connection that was used for this order; "" otherwise */
    unsigned tried_port;
    bool last_host;                /* nobody is left to try */
    bool last_session;             /* if this one gets beyond the handshake it is the last that is allowed */
    bool detect_loops;
    bool tls_failed;               /* the handshake of TLS, with the latest server */
    bool unreachable;              /* the latest failure was one to reach the destination */
    struct agent_result trouble;   /* why recipients are left; texts in the order's arena */
};

/* What a failure was about: the message, or the way to the server. */
enum smtp_blame { SMTP_BLAME_MESSAGE, SMTP_BLAME_SITE };

/* Whether some recipient has no verdict yet. */
bool smtp_delivery_has_left(const struct smtp_delivery *delivery);

/* For all recipients that are left: a local reason. */
void smtp_delivery_fail(struct smtp_delivery *delivery, enum smtp_blame blame, int code, const char *status,
    const char *format, ...) __attribute__((format(printf, 5, 6)));
/* The server's reply; command "MAIL FROM" or NULL: it refused to talk to us. */
void smtp_delivery_fail_reply(struct smtp_delivery *delivery, const char *command);
/* The server's reply to a login. */
void smtp_delivery_fail_login(struct smtp_delivery *delivery);
/* What it replied to the same login some time ago. */
void smtp_delivery_fail_known_login(struct smtp_delivery *delivery, int code, const char *status, const char *reply);
/* A table of ours failed in the midst of a session. */
void smtp_delivery_fail_data(struct smtp_delivery *delivery, enum smtp_blame blame);
/* Nothing more can be read: the connection is gone, in session->stage, or a table that replies go through failed. */
void smtp_delivery_fail_stream(struct smtp_delivery *delivery);
/* One recipient was refused by the reply. */
void smtp_delivery_fail_recipient(struct smtp_delivery *delivery, struct agent_target *target, const char *command);
/* One recipient was taken (or, for an order that verifies, would be), by a reply of that status and text. */
void smtp_delivery_succeed(struct smtp_delivery *delivery, struct agent_target *target, const char *status,
    const char *text);
#endif
