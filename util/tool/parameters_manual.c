/* parameters_manual: writes the manual page main.cf(5) from the declarations of the parameters, to standard output. Not
 * installed; "make manual" and "make install" run it. */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/parameter.h"

static const char head[] =
    ".\\\" Made by parameters_manual from util/config/parameters; edit those.\n"
    ".Dd November 22, 2026\n"
    ".Dt MAIN.CF 5\n"
    ".Os Posthaste\n"
    ".Sh NAME\n"
    ".Nm main.cf\n"
    ".Nd parameters of the mail system\n"
    ".Sh DESCRIPTION\n"
    "A line\n"
    ".Ql name = value\n"
    "sets a parameter; a later line for the same name replaces an earlier one, with a warning.\n"
    "A line that begins with white space continues the one before.\n"
    "Lines that are empty or begin with\n"
    ".Ql #\n"
    "don't count, not even between continued lines.\n"
    "What isn't set has the default given below.\n"
    "In\n"
    ".Xr master.cf 5 ,\n"
    ".Fl o Ar name Ns = Ns Ar value\n"
    "sets a parameter for one service.\n"
    ".Ss References\n"
    ".Bl -tag -width Ds\n"
    ".It Li $name , ${name} , $(name)\n"
    "The value of another parameter, or of a name of your own.\n"
    ".It Li ${name?{text1}:{text2}}\n"
    "text1 if the other value isn't empty, else text2; either part may be left out.\n"
    "Also written ${name?text1} and ${name:text2}.\n"
    ".It Li ${{text1} == {text2} ? {text3} : {text4}}\n"
    "text3 if the comparison holds, else text4.\n"
    "Operators are == != < <= >= > and the same followed by\n"
    ".Ql level ,\n"
    "which compare compatibility levels such as 3.10.\n"
    "Two numbers are compared as numbers, anything else as text.\n"
    "Without results, the value is\n"
    ".Ql true\n"
    "or empty.\n"
    ".It Li $$\n"
    "A dollar sign.\n"
    ".El\n"
    ".Ss Values\n"
    "Times are numbers with a unit: s(econds), m(inutes), h(ours), d(ays), w(eeks).\n"
    "A yes/no parameter takes yes or no.\n"
    "Lists are separated by white space or commas.\n"
    ".Sh PARAMETERS\n"
    ".Bl -tag -width Ds\n";

static const char transport_head[] =
    ".El\n"
    ".Sh PARAMETERS OF TRANSPORTS\n"
    "Each exists once per delivery service of\n"
    ".Xr master.cf 5 ,\n"
    "with the name of the service in front; _time_limit for pipe and spawn services.\n"
    ".Bl -tag -width Ds\n";

static const char tail[] =
    ".El\n"
    ".Sh SEE ALSO\n"
    ".Xr postconf 1 ,\n"
    ".Xr master.cf 5\n";

/* Text that roff must not take for requests or escapes. */
static void put_text(const char *text)
{
    if (*text == '.' || *text == '\'')
        (void)fputs("\\&", stdout); /* main checks standard output at the end */
    for (; *text != '\0'; text++) {
        if (*text == '\\')
            (void)fputs("\\e", stdout);
        else
            (void)putchar(*text);
    }
}

static const char *type_text(enum parameter_type type)
{
    switch (type) {
    case PARAMETER_BOOL:
        return "yes or no";
    case PARAMETER_COUNT:
        return "number";
    case PARAMETER_SIZE:
        return "bytes";
    case PARAMETER_TIME_S:
        return "time (seconds)";
    case PARAMETER_TIME_M:
        return "time (minutes)";
    case PARAMETER_TIME_H:
        return "time (hours)";
    case PARAMETER_TIME_D:
        return "time (days)";
    case PARAMETER_TIME_W:
        return "time (weeks)";
    case PARAMETER_TEXT:
        return "text";
    case PARAMETER_RAW:
        return "text with names of its own";
    }
    return "";
}

static void put_range(const struct parameter *parameter)
{
    if (parameter->range.words != NULL)
        (void)printf("; one of: %s", parameter->range.words);
    if (parameter->range.absolute)
        (void)printf("; an absolute path");
    else if (parameter->range.nonempty)
        (void)printf("; not empty");
    if (!parameter->range.limited)
        return;
    if (parameter->range.max >= INT_MAX)
        (void)printf("; at least %" PRId64, parameter->range.min);
    else
        (void)printf("; %" PRId64 " to %" PRId64, parameter->range.min, parameter->range.max);
}

static void put_reader(const struct parameter *parameter)
{
    switch (parameter->reader.state) {
    case PARAMETER_READ:
        (void)printf("Read by: %s.\n", text_equal(parameter->reader.programs, "*") ? "all" : parameter->reader.programs);
        break;
    case PARAMETER_LATER:
        (void)printf("Known, but without effect in this version (for: %s).\n", parameter->reader.programs);
        break;
    case PARAMETER_UNUSED:
        (void)printf("Without effect: ");
        put_text(parameter->reader.why);
        (void)putchar('\n');
        break;
    }
}

static void put_parameter(const struct parameter *parameter, const char *prefix)
{
    (void)printf(".It Va %s%s\n", prefix, parameter->name);
    put_text(parameter->text);
    (void)printf("\n.br\nType: %s", type_text(parameter->type));
    put_range(parameter);
    (void)printf(".\n.br\n");
    if (parameter->value == NULL) {
        (void)printf("Default: found out when the configuration is loaded.\n");
    } else if (*parameter->value == '\0') {
        (void)printf("Default: empty.\n");
    } else {
        (void)printf("Default: ");
        put_text(parameter->value);
        (void)putchar('\n');
    }
    (void)printf(".br\n");
    put_reader(parameter);
}

static int compare(const void *left, const void *right)
{
    return strcmp((*(const struct parameter *const *)left)->name, (*(const struct parameter *const *)right)->name);
}

int main(void)
{
    const struct parameter **sorted = memory_zeroed(parameter_count, sizeof(*sorted));

    for (size_t row = 0; row < parameter_count; row++)
        sorted[row] = &parameter_table[row];
    qsort(sorted, parameter_count, sizeof(*sorted), compare);
    (void)fputs(head, stdout);
    for (size_t row = 0; row < parameter_count; row++)
        put_parameter(sorted[row], "");
    (void)fputs(transport_head, stdout);
    for (size_t i = 0; i < parameter_transport_count; i++)
        put_parameter(&parameter_transport_table[i], "transport");
    (void)fputs(tail, stdout);
    free(sorted);
    return fflush(stdout) != 0 || ferror(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
