/* trace.h: what restrictions said, one after the other, and why: a probe of policy that writes it down. */
#ifndef SMTPD_REHEARSE_TRACE_H
#define SMTPD_REHEARSE_TRACE_H
#include "smtpd/policy/policy_probe.h"
#include "util/base/arena.h"
#include "util/base/str.h"

struct trace_step {
    const char *list;        /* parameter, class or table that the restriction stands in */
    const char *restriction; /* with its argument */
    bool is_class;           /* what decided in it stands before */
    bool was_asked;          /* else it was passed over */
    enum decision decision;
    const char *source;      /* a table or policy server that had an answer, or NULL */
    const char *key;
    const char *action;
    struct trace_step *next;
};

struct trace {
    struct policy_probe probe;
    struct arena *arena; /* borrowed */
    bool (*may_ask)(void *context, const struct restriction *restriction); /* NULL: all are */
    void *context;       /* its */
    struct trace_step *first;
    struct trace_step **last;
    struct trace_answer *answers; /* whose restriction hasn't decided yet, latest first */
};

/* Begins anew. The trace must stay where it is while facts point to its probe. */
void trace_start(struct trace *trace, struct arena *arena);
/* "smtpd_relay_restrictions: check_client_access hash:/etc/x: "192.0.2" is "OK": permitted" */
void trace_put_step(const struct trace_step *step, struct str *out);
/* The step that said no, or NULL. */
const struct trace_step *trace_refusal(const struct trace *trace);
#endif
