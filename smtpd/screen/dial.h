/* dial.h: connects to a service in private/ without waiting, for event loops: directly, or by the connector where this process
 * may not go. A service that is too busy is tried again until the time limit. */
#ifndef SMTPD_SCREEN_DIAL_H
#define SMTPD_SCREEN_DIAL_H
#include <event2/event.h>
#include <stdint.h>

struct dial;

/* done is called once, from the loop, with a non-blocking descriptor that it owns, or -1 with errno. */
struct dial *dial_start(struct event_base *events, const char *path, int64_t timeout_s, void (*done)(void *context, int fd),
    void *context);
/* Gives up; done isn't called. */
void dial_stop(struct dial *dial); /* NULL is allowed */
#endif
