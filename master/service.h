/* service.h: one entry of master.cf at work: when it starts a worker, what it does when one ends. */
#ifndef MASTER_SERVICE_H
#define MASTER_SERVICE_H
#include <stdbool.h>
#include <sys/types.h>

#include "master/service_state.h"

/* The arguments of supervisor.c's plan: a service with what the entry asks for; the sockets are handed over (taken). */
struct service *service_new(struct supervisor *supervisor, const struct master_cf_entry *entry);
bool service_is_for(const struct service *service, const struct master_cf_entry *entry);
/* Puts the service on the (new) entry and these sockets, and begins or goes on to serve. */
void service_run(struct service *service, const struct master_cf_entry *entry, struct listener_list *take_listeners);
/* Not wanted any more: closes its sockets; it goes away with its last worker (service_is_over). */
void service_end(struct service *service);
bool service_is_over(const struct service *service);
void service_free(struct service *service);

/* A worker ended. False: it was none of this service. */
bool service_worker_ended(struct service *service, pid_t pid, int status);
/* Sends the signal to all its workers; the number of them. */
int service_signal(const struct service *service, int signal_number);
#endif
