/* probe_route.h: how address probes are routed: as mail, but for what address_verify_relayhost and the like say. */
#ifndef QMGR_ROUTE_PROBE_ROUTE_H
#define QMGR_ROUTE_PROBE_ROUTE_H
#include "util/config/config.h"

/* The configuration for probes, made in *copy; NULL: no different. */
const struct config *probe_route_config(const struct config *config, struct config *copy);
#endif
