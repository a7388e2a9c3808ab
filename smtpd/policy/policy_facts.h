/* policy_facts.h: what access restrictions are asked about (the client, and what it has said so far), and what they answer. */
#ifndef SMTPD_POLICY_POLICY_FACTS_H
#define SMTPD_POLICY_POLICY_FACTS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtpd/policy/dns_list.h"
#include "util/mail/rewrite.h"
#include "util/mail/verdict.h"
#include "util/net/client_name.h"
#include "util/net/tls.h"

enum policy_stage {
    POLICY_CONNECT,
    POLICY_HELO,
    POLICY_MAIL,
    POLICY_RCPT,
    POLICY_DATA,
    POLICY_END_OF_MESSAGE,
    POLICY_ETRN,
    POLICY_VRFY,
};

struct policy_session;
struct policy_probe;

/* What is known. Texts are borrowed; addresses in internal form. NULL: not said yet. */
struct policy_facts {
    enum policy_stage stage;
    const struct client_name *client;
    const char *client_text;      /* "name[address]", as replies and log lines show it */
    enum rewrite_context context; /* of addresses that the client named */
    const char *helo;
    const char *sender;
    const char *recipient;        /* at DATA and later: only while there is just one */
    size_t recipient_count;
    const char *etrn_domain;
    bool encrypted;
    const struct tls_facts *tls;  /* NULL: plain text, or nothing is known */
    const char *sasl_user;        /* logged in as; NULL: not */
    bool pipelined_early;         /* the client sent ahead where the protocol forbids it */
    struct dns_list_memory *dns_lists; /* of the session; NULL: nothing is remembered */
    const struct policy_session *session; /* NULL: nothing more is known */
    const struct policy_probe *probe; /* NULL: a client is served */
};

/* What only policy services are told. NULL texts are sent as empty. */
struct policy_session {
    const char *state;            /* RCPT, END-OF-MESSAGE */
    const char *protocol;         /* ESMTP */
    const char *server_address;
    const char *server_port;
    const char *queue_id;         /* "" while there is none */
    const char *instance;
    uint64_t size_bytes;
    const char *sasl_method;
    const char *sasl_user;
    const char *sasl_sender;
    const char *ccert_subject;    /* of a client certificate, names in xtext */
    const char *ccert_issuer;
    const char *ccert_fingerprint;
    const char *ccert_pubkey_fingerprint;
    const char *encryption_protocol;
    const char *encryption_cipher;
    int encryption_keysize;
};

/* What else an evaluation wants done, in the order in which it came up. */
enum policy_note_kind {
    POLICY_NOTE_REJECT_WARNING, /* warn_if_reject: text is what the reply would have been */
    POLICY_NOTE_WARN,           /* the other kinds: text is what the log line says */
    POLICY_NOTE_INFO,
    POLICY_NOTE_PERMIT,         /* smtpd_log_access_permit_actions */
    POLICY_NOTE_HOLD,
    POLICY_NOTE_DISCARD,
    POLICY_NOTE_FILTER,         /* value: transport:nexthop */
    POLICY_NOTE_REDIRECT,       /* value: address */
    POLICY_NOTE_BCC,            /* value: address */
    POLICY_NOTE_PREPEND,        /* value: header; not logged */
    POLICY_NOTE_SLEEP,          /* value: seconds; not logged */
};

struct policy_note {
    enum policy_note_kind kind;
    const char *text;
    const char *value;
    struct policy_note *next;
};

/* A 4xx that an earlier stage wants given if the client would be let through (defer_if_permit). code 0: none. */
struct policy_deferrals {
    struct verdict client;
    struct verdict helo;
    struct verdict sender;
};

struct policy_result {
    struct verdict verdict;  /* code 0: go on */
    const char *list;        /* the parameter that decided, or NULL */
    const char *restriction; /* the restriction in it, or NULL */
    struct policy_note *notes;
    bool server_problem;     /* the verdict comes from our configuration, not from what the client did */
    bool unknown_address;    /* nobody here has that address */
    bool lacks_data;         /* a table failed that the verdict depends on */
    bool ends_session;       /* 521 or 421 by a table: the reply is the last one */
};
#endif
