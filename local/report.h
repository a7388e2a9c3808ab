/* report.h: what became of a step, told to the queue manager and logged. */
#ifndef LOCAL_REPORT_H
#define LOCAL_REPORT_H
#include "local/delivery.h"

/* code decides as in agent.h; format makes the reason. */
void report(struct delivery *delivery, const struct step *step, int code, const char *status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* The same about a command: what it said is a diagnostic of type x-unix. */
void report_command(struct delivery *delivery, const struct step *step, int code, const char *status, const char *why,
    const char *diagnostic);
/* The same for an errno value; the reason is what and why. */
void report_error(struct delivery *delivery, const struct step *step, int error, const char *what, const char *why);
/* Call it before anything that may take long: reports what was done for others and only waits to be made durable. */
void report_waiting(struct delivery *delivery);
/* The recipient's verdict, when every step was reported. */
void report_end(struct delivery *delivery);
#endif
