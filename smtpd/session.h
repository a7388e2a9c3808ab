/* session.h: what is known of one client's connection, and what all its parts need: names, log lines, reading (conversation.h
 * runs it). */
#ifndef SMTPD_SESSION_H
#define SMTPD_SESSION_H
#include <stdbool.h>
#include <stdint.h>

#include "smtpd/service_parts.h"
#include "smtpd/transaction.h"
#include "util/base/arena.h"
#include "util/io/stream.h"
#include "util/net/client_name.h"
#include "util/net/tls.h"

/* Classes of trouble that notify_classes can have reported to the postmaster. */
enum {
    TROUBLE_POLICY = 1,   /* a restriction said no */
    TROUBLE_PROTOCOL = 2, /* the client broke the rules of SMTP */
    TROUBLE_RESOURCE = 4, /* no room, no answer from another service */
    TROUBLE_SOFTWARE = 8, /* our configuration */
    TROUBLE_DATA = 16,    /* a table failed */
    TROUBLE_BOUNCE = 32,  /* nobody here has that address; the message is too large, or went in a circle */
};

/* Who the client is, once AUTH has told. */
struct login {
    struct auth *auth;  /* NULL: AUTH isn't possible here and now */
    const char *method; /* NULL: not logged in; else as the client wrote it */
    const char *user;
};

#define COMMAND_KINDS 17 /* verbs, and one for unknown ones */

/* How often each command came, and how often it succeeded: the "disconnect from" line. */
struct command_counts {
    unsigned total[COMMAND_KINDS];
    unsigned succeeded[COMMAND_KINDS];
};

struct session {
    struct service *service;
    const struct config *config;
    struct stream *stream;
    struct arena *arena;       /* of the connection */
    struct arena *call;        /* of the command at hand */
    struct client_name client;
    const char *client_text;   /* "localhost[127.0.0.1]", with ":port" where smtpd_client_port_logging */
    const char *server_address; /* the end of the connection that is ours */
    const char *server_port;
    const char *trace_id;
    bool encrypted;            /* by TLS */
    struct tls *tls;           /* NULL: plain text */
    struct auth_client auth_client;
    struct login login;
    unsigned discard_keywords; /* KEYWORD_* that this client isn't offered */
    bool bare_newline_excluded;
    bool bare_newline_noted;   /* logged once */
    enum rewrite_context context;
    bool context_is_unknown;        /* local_header_rewrite_clients couldn't be looked up */
    bool auth_withheld;             /* smtpd_sasl_exceptions_networks */

    const char *helo;          /* NULL: none yet */
    struct str helo_text;
    bool extended;             /* EHLO */
    bool pipelining_offered;
    struct transaction transaction;
    struct policy_deferrals deferrals;
    struct dns_list_memory dns_lists; /* what DNS lists have said */
    const char *instance;      /* names this connection to policy servers */
    unsigned mail_number;      /* MAIL commands so far */
    int debug_level;           /* of the process, when no such client is served (debug_peer_list) */
    bool counted;              /* anvil knows of this connection */
    unsigned client_connections; /* that the client has, as anvil says; 0: it wasn't asked */
    struct str deferral_texts[3]; /* theirs: client, helo, sender */
    bool milter_refuses;       /* whatever this client wants: EHLO offers nothing */
    bool denied;               /* the client was refused at once: only QUIT is left */

    const char *unknown_offer; /* what can't be told about EHLO's keywords, for the log; NULL: all is known */
    bool certificate_is_others; /* XCLIENT: who showed it speaks for the client, and isn't the client */
    bool xclient_allowed;
    bool xforward_allowed;
    bool verp_allowed;
    bool uncounted;            /* the command at hand counts as failed in the log, and as nothing otherwise */

    struct milter_list *milters;          /* NULL: none */
    const char *milter_recipient;         /* what filters are asked about just now, or NULL */
    bool milter_in_content;               /* they see content: macros about the envelope are over */
    const struct verdict *milter_refusal; /* likewise: what we said to it */

    const char *arguments;     /* of the RCPT at hand, as given */
    const char *where;         /* the last command, for "lost connection after ..." */
    struct command_counts counts;
    int64_t errors;
    int64_t junk;              /* commands without effect since the last message */
    bool forgive;              /* the error reply at hand doesn't count as one */
    bool pipelined_early;      /* the client has sent ahead where it must not */
    bool quit;                 /* the reply at hand is the last one */
    bool replied;              /* the command at hand was answered already */
    bool lost;                 /* the connection is of no use any more */
    unsigned trouble;          /* TROUBLE_* so far */
    bool trouble_is_over;      /* the command at hand took a message in: what went wrong before isn't reported */
    struct str transcript;     /* what was said, for the postmaster (notice.h) */
    int64_t transcript_lines;
    bool begins_anew;          /* by the command at hand: HELO, EHLO, RSET, XCLIENT */
    const char *aborted;       /* why it ended before its end; NULL: it didn't */
    bool ended_content;        /* the command at hand did */
    struct str scratch;
};

/* Reads a line of at most limit bytes; what is beyond is skipped, logged, and *too_long set. False: the stream broke off. */
bool session_read_line(struct session *session, struct str *line, size_t limit, bool *too_long);

/* Logs "ID: reject: RCPT from ...: text; from=<> to=<> proto= helo=" (action "reject", "hold", ...). recipient: NULL or in
 * internal form. */
void session_log_action(struct session *session, const char *action, const char *stage, const char *text,
    const char *recipient);
/* What soft_bounce makes of a verdict. */
struct verdict session_soften(const struct session *session, struct verdict verdict);
/* Logs a rejection, softened where soft_bounce says so. */
void session_log_reject(struct session *session, const struct verdict *verdict, const char *stage, const char *recipient);
/* Logs a rejection that isn't policy's; returns it. */
struct verdict session_reject(struct session *session, struct verdict verdict, const char *stage);
/* A look-up about the session itself failed: the answer that ends it, logged as of that stage. */
struct verdict session_local_data_error(struct session *session, const char *stage);

/* A line that ended in a bare LF was received at that stage: what smtpd_forbid_bare_newline says to that; code 0: go on. */
struct verdict session_judge_bare_newline(struct session *session, const char *stage);

/* "ESMTP" or "SMTP"; only Received: tells more. */
const char *session_protocol(const struct session *session);
/* The queue id of the message being taken in, or "NOQUEUE". */
const char *session_queue_id(const struct session *session);
#endif
