#include "qmgr/schedule/feedback.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/text.h"

static bool parse_number(const char **cursor, double *number)
{
    char *end;

    *number = strtod(*cursor, &end);
    bool good = end != *cursor && isfinite(*number);
    *cursor = end;
    return good;
}

static const char *skip_space(const char *text)
{
    while (text_is_space(*text))
        text++;
    return text;
}

bool feedback_parse(const char *text, struct feedback_rate *rate)
{
    double divisor;
    const char *cursor = skip_space(text);

    *rate = (struct feedback_rate){ .kind = FEEDBACK_CONSTANT };
    if (!parse_number(&cursor, &rate->number))
        return false;
    cursor = skip_space(cursor);
    if (*cursor == '/') {
        cursor = skip_space(cursor + 1);
        if (text_equal(cursor, "concurrency")) {
            rate->kind = FEEDBACK_PER_CONCURRENCY;
            cursor += strlen(cursor);
        } else if (text_equal(cursor, "sqrt_concurrency")) {
            rate->kind = FEEDBACK_PER_SQRT;
            cursor += strlen(cursor);
        } else {
            if (!parse_number(&cursor, &divisor) || divisor <= 0)
                return false;
            rate->number /= divisor;
        }
    }
    return *skip_space(cursor) == '\0' && rate->number >= 0 && rate->number <= 1;
}

double feedback_amount(const struct feedback_rate *rate, int concurrency)
{
    switch (rate->kind) {
    case FEEDBACK_PER_CONCURRENCY:
        return rate->number / concurrency;
    case FEEDBACK_PER_SQRT:
        return rate->number / sqrt(concurrency);
    case FEEDBACK_CONSTANT:
        break;
    }
    return rate->number;
}

static void clamp(struct feedback *feedback, const struct feedback_limits *limits)
{
    if (limits->maximum > 0 && feedback->window > limits->maximum)
        feedback->window = limits->maximum;
    if (feedback->window < 1)
        feedback->window = 1;
}

void feedback_start(struct feedback *feedback, const struct feedback_limits *limits)
{
    *feedback = (struct feedback){ .window = limits->initial };
    clamp(feedback, limits);
}

void feedback_succeed(struct feedback *feedback, const struct feedback_limits *limits, int busy)
{
    feedback->failed_cohorts = 0;
    /* A window far above what is in use would delay the effect of later failures. */
    if (feedback->window >= busy + limits->initial || (limits->maximum > 0 && feedback->window >= limits->maximum))
        return;
    feedback->success += feedback_amount(&limits->positive, feedback->window);
    for (; feedback->success >= 1; feedback->success -= 1) {
        feedback->window++;
        feedback->failure = 0;
    }
    clamp(feedback, limits);
}

bool feedback_fail(struct feedback *feedback, const struct feedback_limits *limits)
{
    feedback->failed_cohorts += 1.0 / feedback->window;
    /* Sums of 1/n are compared with a little slack for rounding. */
    if (limits->failed_cohorts > 0 && feedback->failed_cohorts + 1e-9 >= limits->failed_cohorts)
        return true;
    double amount = feedback_amount(&limits->negative, feedback->window);
    feedback->failure -= amount;
    for (; feedback->failure - amount / 2 < 0; feedback->failure += 1) { /* half of it: what rounding left over isn't a step */
        feedback->window--;
        feedback->success = 0;
    }
    clamp(feedback, limits);
    return false;
}
