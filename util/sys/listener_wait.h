/* listener_wait.h: waiting for a connection together with sibling processes, such that one connection wakes one of them
 * (Linux: epoll with EPOLLEXCLUSIVE; elsewhere poll(2), where all wake and one gets it). */
#ifndef UTIL_SYS_LISTENER_WAIT_H
#define UTIL_SYS_LISTENER_WAIT_H
#include <signal.h>

struct listener_wait;

/* Watches the listeners, and one more descriptor for input or hang-up. Both are borrowed; ends the process if the system has
 * no resources for it. */
struct listener_wait *listener_wait_new(const int *listeners, int listener_count, int other_fd);
void listener_wait_free(struct listener_wait *wait);

enum { LISTENER_WAIT_OTHER = -1, LISTENER_WAIT_TIMEOUT = -2, LISTENER_WAIT_SIGNAL = -3 };
/* The index of a listener that has something, or one of the above. mask holds during the wait only, so that a signal that is
 * otherwise blocked can't slip in between a check and the wait. timeout_ms -1: none. */
int listener_wait_next(struct listener_wait *wait, int timeout_ms, const sigset_t *mask);
#endif
