/* service.h: opens what one smtpd process uses for all its sessions (service_parts.h), before it gives up its privileges. */
#ifndef SMTPD_SERVICE_H
#define SMTPD_SERVICE_H
#include "smtpd/service_parts.h"

/* intake is borrowed. rewrite: as the rewrite service of master.cf sees the configuration. auth_socket: where smtpd_sasl_path
 * lies for this process; anvil_socket: private/anvil. */
void service_open(struct service *service, const struct config *config, const struct config *rewrite,
    struct intake *intake, const char *auth_socket, const char *anvil_socket);
void service_close(struct service *service);
/* Whether a table changed behind our back: time to start anew. */
bool service_has_changed(struct service *service);
#endif
