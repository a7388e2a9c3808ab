/* worker_config.c: the configuration of services whose work is done inside this one (worker.h). */
#include "master/worker/worker_inside.h"

const struct config *worker_config_of(struct worker *worker, const char *service, const char *program)
{
    return worker->config;
}
