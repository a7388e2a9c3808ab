#include "smtpd/rehearse/trace.h"

#include "smtpd/policy/policy_service.h"
#include "util/base/text.h"

struct trace_answer {
    const char *source;
    const char *key;
    const char *action;
    struct trace_answer *next;
};

static struct trace_step *add(struct trace *trace, const char *list, const struct restriction *restriction)
{
    struct trace_step *step = arena_allocate(trace->arena, sizeof(*step));

    step->list = arena_copy_text(trace->arena, list);
    step->restriction = restriction->argument == NULL
                            ? arena_copy_text(trace->arena, restriction->name)
                            : arena_printf(trace->arena, "%s %s", restriction->name, restriction->argument);
    step->is_class = restriction->class != NULL;
    *trace->last = step;
    trace->last = &step->next;
    return step;
}

static bool may_ask(void *context, const char *list, const struct restriction *restriction)
{
    struct trace *trace = context;

    if (trace->may_ask == NULL || trace->may_ask(trace->context, restriction))
        return true;
    (void)add(trace, list, restriction); /* it stays as one that wasn't asked */
    return false;
}

static void answered(void *context, const char *source, const char *key, const char *action)
{
    struct trace *trace = context;
    struct trace_answer *answer = arena_allocate(trace->arena, sizeof(*answer));

    *answer = (struct trace_answer){ .source = arena_copy_text(trace->arena, source),
        .key = arena_copy_text(trace->arena, key), .action = arena_copy_text(trace->arena, action),
        .next = trace->answers };
    trace->answers = answer;
}

/* An answer may name restrictions, which decide before the one that asked does. */
static bool is_answer_for(const struct trace *trace, const struct trace_answer *answer, const struct restriction *restriction)
{
    const char *source = restriction->table != NULL     ? table_name(restriction->table)
                         : restriction->service != NULL ? policy_service_endpoint(restriction->service, trace->arena)
                                                        : NULL;

    return answer != NULL && source != NULL && text_equal(answer->source, source);
}

static void decided(void *context, const char *list, const struct restriction *restriction, enum decision decision)
{
    struct trace *trace = context;
    struct trace_step *step = add(trace, list, restriction);

    step->was_asked = true;
    step->decision = decision;
    if (!is_answer_for(trace, trace->answers, restriction))
        return;
    step->source = trace->answers->source;
    step->key = trace->answers->key;
    step->action = trace->answers->action;
    trace->answers = trace->answers->next;
}

void trace_start(struct trace *trace, struct arena *arena)
{
    trace->probe = (struct policy_probe){ .context = trace, .may_ask = may_ask, .answered = answered,
        .decided = decided };
    trace->arena = arena;
    trace->first = NULL;
    trace->last = &trace->first;
    trace->answers = NULL;
}

static const char *decision_name(const struct trace_step *step)
{
    if (!step->was_asked)
        return "not asked";
    switch (step->decision) {
    case DECISION_PERMIT:
        return "permitted";
    case DECISION_REJECT:
        return "refused";
    case DECISION_DUNNO:
        break;
    }
    return "no objection";
}

void trace_put_step(const struct trace_step *step, struct str *out)
{
    str_printf(out, "%s: %s: ", step->list, step->restriction);
    if (step->source != NULL)
        str_printf(out, "\"%s\" is \"%s\": ", step->key, step->action);
    str_put(out, decision_name(step));
}

const struct trace_step *trace_refusal(const struct trace *trace)
{
    for (const struct trace_step *step = trace->first; step != NULL; step = step->next) {
        if (step->was_asked && step->decision == DECISION_REJECT)
            return step;
    }
    return NULL;
}
