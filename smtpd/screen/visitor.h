/* visitor.h: one connection at postscreen's door: what is known of it, what all that deal with it need, and its end (arrival.h
 * begins). */
#ifndef SMTPD_SCREEN_VISITOR_H
#define SMTPD_SCREEN_VISITOR_H
#include "master/worker/pass.h"
#include "smtpd/screen/screen.h"
#include "util/mail/verdict.h"

struct dialogue;

enum { VISITOR_NAME_BYTES = 64, VISITOR_REFUSAL_BYTES = 256 };

struct visitor {
    struct screen *screen;
    int fd;
    struct pass_end peer;
    struct pass_end local;
    char address[48];                 /* the peer's */
    char name[VISITOR_NAME_BYTES];    /* "[192.0.2.1]:12345" */
    struct event *io;
    struct event *timer;
    int64_t started_ms;               /* of the tests at hand */
    struct checks checks;
    struct dnsbl_listener *dnsbl;
    void (*after_early_tests)(struct visitor *visitor);
    struct dialogue *dialogue;        /* NULL: tests before the greeting */
    void (*stop_dialogue)(struct dialogue *dialogue); /* frees it */
    struct verdict refusal;           /* what recipients are told; text is owned */
    bool is_counted;                  /* among those under test, and of its client */
    bool has_spoken;                  /* before the greeting */
    bool has_pass_vetoed;             /* can't earn a pass on this address of ours */
    bool is_denied;
};

/* Sends text now. What a client doesn't take into its buffer at once it isn't worth waiting for: false, say goodbye. */
bool visitor_send(struct visitor *visitor, const char *text, size_t length);
/* A reply of its own, with the footer where it refuses. */
bool visitor_reply(struct visitor *visitor, struct verdict verdict);

/* Tests. */
void visitor_pass(struct visitor *visitor, enum check check);
/* A test failed: what recipients will be told if its action is enforce. True: its action is drop, the connection must end
 * (with a reply that the caller sends). */
bool visitor_fail(struct visitor *visitor, enum check check, struct verdict refusal);

/* What recipients will be told; the text is copied. */
void visitor_refuse(struct visitor *visitor, struct verdict refusal);

/* Logs "PASS NEW" if all tests are passed, keeps results. */
void visitor_settle(struct visitor *visitor);
void visitor_hang_up(struct visitor *visitor); /* the client did: logs it, ends */
void visitor_end(struct visitor *visitor);     /* logs DISCONNECT, frees all */
void visitor_release(struct visitor *visitor); /* frees all, without a word */
#endif
