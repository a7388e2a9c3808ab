/* stress.h: a service whose workers are all busy, with more clients at the door: its next workers are told stress=yes, for which
 * main.cf may have other settings (STRESS_README); those that run leave after the client they have. */
#ifndef MASTER_STRESS_H
#define MASTER_STRESS_H
#include <stdbool.h>

#include "master/service_state.h"

/* Whether its workers are told of stress at all: strangers can reach it, and one more worker would be a help. */
bool stress_applies(const struct service *service);
bool stress_is_on(const struct service *service);
/* The limit is reached: stress lasts from now on for 1000 seconds. */
void stress_begin(struct service *service);
#endif
