/* own_domain.h: which address class a domain belongs to (ADDRESS_CLASS_README). */
#ifndef QMGR_ROUTE_OWN_DOMAIN_H
#define QMGR_ROUTE_OWN_DOMAIN_H
#include <stdbool.h>

#include "qmgr/route/route_class.h"
#include "util/config/config.h"

struct own_domain;

/* Opens the tables: before a worker confines itself. has_changed: one was replaced since. */
struct own_domain *own_domain_open(const struct config *config);
void own_domain_close(struct own_domain *domains);
bool own_domain_may_wait(const struct own_domain *domains);
bool own_domain_has_changed(struct own_domain *domains);

/* mydestination, or an address literal of ours. ROUTE_DEFER: a table failed; *reason (constant) names the list. */
enum route_result own_domain_is_local(struct own_domain *domains, const char *domain, bool *is_local,
    const char **reason);
enum route_result own_domain_classify(struct own_domain *domains, const char *domain, enum route_class *class,
    const char **reason);
#endif
