/* spawn.h: starts a worker with the arguments and descriptors that master/worker/handover.h tells of. */
#ifndef MASTER_SPAWN_H
#define MASTER_SPAWN_H
#include <sys/types.h>

#include "master/service_state.h"

/* The process id, or -1 with errno. A program that can't be executed is logged by the child, which then exits with 1. */
pid_t spawn_worker(const struct service *service, int slot);
#endif
