/* model.h: what an SMTP server may answer, and what it must have taken in: written from RFC 5321, 2920, 3030, 3207, 4954 and
 * XCLIENT_README, and kept as small as that allows. It knows nothing of how a server does it. Where the documents leave a choice it
 * allows all of them, except that no failure may leave anything behind: a refused BDAT spoils its message until the last chunk or
 * RSET, and the end of the content ends the transaction whatever the answer. */
#ifndef TESTS_FUZZ_SESSION_MODEL_H
#define TESTS_FUZZ_SESSION_MODEL_H
#include <stdbool.h>
#include <stddef.h>

#include "tests/fuzz/session/peers.h"

enum { MODEL_RECIPIENTS_MAX = 5 };

enum model_kind {
    MODEL_GREETING,
    MODEL_HELLO,
    MODEL_MAIL,
    MODEL_RCPT,
    MODEL_DATA,
    MODEL_CONTENT,   /* to its final dot */
    MODEL_CHUNK,     /* BDAT and its bytes */
    MODEL_RSET,
    MODEL_VRFY,
    MODEL_NOOP,
    MODEL_ETRN,
    MODEL_STARTTLS,
    MODEL_AUTH,
    MODEL_RESPONSE,  /* to a challenge */
    MODEL_XCLIENT,
    MODEL_XFORWARD,
    MODEL_QUIT,
    MODEL_NONSENSE,
};

/* What is special about a command. */
enum {
    TRAIT_BAD = 1,         /* syntax that must be refused, and changes nothing */
    TRAIT_EXTENDED = 2,    /* EHLO */
    TRAIT_TOO_BIG = 4,     /* MAIL with a SIZE beyond the limit */
    TRAIT_NO_DATA = 8,     /* a sender who is refused at DATA or the first BDAT */
    TRAIT_NO_END = 16,     /* ... at the end of the content */
    TRAIT_HEADERS = 32,    /* RET=HDRS */
    TRAIT_REFUSED = 64,    /* a recipient whom the access table refuses */
    TRAIT_AWAY = 128,      /* one who lives elsewhere: only for our own network and logins */
    TRAIT_HOLD = 256,      /* one for whom the table wants the message held, */
    TRAIT_PREPEND = 512,   /* marked by a header, */
    TRAIT_DISCARD = 1024,  /* thrown away */
    TRAIT_CHALLENGE = 2048, /* AUTH goes on */
    TRAIT_STRANGER = 4096, /* XCLIENT: not of our own network */
    TRAIT_UNCLEAR = 8192,  /* nonsense that may end the connection */
};

/* One thing that a client may say. */
struct model_phrase {
    enum model_kind kind;
    const char *line;
    unsigned traits;
    const char *value;     /* name, address, or who is logged in after it (NULL: nobody) */
    const char *second;    /* ENVID, ORCPT; XCLIENT: LOGIN */
    unsigned notify;       /* NOTIFY_* */
};

struct model_step {
    const struct model_phrase *phrase;
    bool followed;         /* bytes were sent behind it without waiting */
    bool last;             /* of the chunks */
    bool half;             /* the client hangs up in the middle of it */
    bool bare_lf;
    const char *text;      /* content, without added dots */
    size_t size_bytes;
};

/* What the server is configured to. */
struct model_rules {
    bool helo_required;
    bool tls_offered;
    bool tls_required;
    bool auth_in_plain;
    bool no_bare_lf;
    bool no_early_input;   /* who sends ahead where it must not is thrown out */
    bool no_trust;         /* nobody is of our own network */
    size_t size_limit;     /* 0: none that matters */
};

enum model_phase {
    MODEL_IDLE,
    MODEL_OPEN,            /* MAIL was accepted */
    MODEL_CHUNKS,
    MODEL_SPOILED,         /* a chunk was refused, and more are to come */
};

struct model {
    const struct model_rules *rules;
    bool in_pieces;        /* what the server sees at a time isn't known */

    bool tls;
    bool greeted;
    bool extended;
    bool pipelining;
    bool stranger;
    const char *login;
    const char *helo;
    const char *client;

    enum model_phase phase;
    const struct model_phrase *mail; /* NULL: none */
    const struct model_phrase *recipients[MODEL_RECIPIENTS_MAX];
    size_t count;
    bool hold;
    bool prepend;
    bool discard;
    const char *forwarded; /* XFORWARD ADDR */
    struct str text;       /* of the chunks */
    size_t size_bytes;

    bool in_content;       /* DATA was accepted: content has to follow */
    bool in_auth;          /* a response has to follow */
    bool in_handshake;     /* so has a handshake */
    bool rest_is_dropped;  /* what was sent behind the last command is never answered */
    bool closed;           /* the server has to hang up */
    bool accepted;         /* the last reply accepted a message: model_compare, then model_forget */
};

void model_start(struct model *model, const struct model_rules *rules);
void model_stop(struct model *model);
/* Whether the server may answer the step so. What that means is noted. */
bool model_judge(struct model *model, const struct model_step *step, int code, const char *reply);
/* Whether just that message was taken in (NULL: none). False: *why. */
bool model_compare(const struct model *model, const struct peers_message *message, const char **why);
/* The transaction is over. */
void model_forget(struct model *model);
#endif
