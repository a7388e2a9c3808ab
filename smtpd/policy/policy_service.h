/* policy_service.h: a policy server (SMTPD_POLICY_README): where it is, how patiently it is asked, and the connection to it, which
 * lasts over sessions as smtpd_policy_service_max_idle and the like allow. */
#ifndef SMTPD_POLICY_POLICY_SERVICE_H
#define SMTPD_POLICY_POLICY_SERVICE_H
#include <stdbool.h>

#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/config/config.h"

struct policy_service;

/* text: "inet:host:port", "unix:private/policy", or "{ inet:host:port, timeout=10s, default_action=DUNNO }". Connects only
 * when asked. One that makes no sense has a flaw, and must not be asked. */
struct policy_service *policy_service_open(const struct config *config, const char *text);
const char *policy_service_flaw(const struct policy_service *service); /* NULL: none */
void policy_service_close(struct policy_service *service); /* NULL is allowed */

const char *policy_service_text(const struct policy_service *service);           /* as given to policy_service_open */
/* "inet:127.0.0.1:10023", "unix:private/policy", as log lines name the source of an action; in the arena. */
const char *policy_service_endpoint(const struct policy_service *service, struct arena *arena);
const char *policy_service_context(const struct policy_service *service);        /* policy_context */
const char *policy_service_default_action(const struct policy_service *service);

/* request: lines "name=value", without the empty one at the end. True: the server's action replaces *action. False: it failed
 * (logged). May wait for timeout, as often as try_limit says. */
bool policy_service_ask(struct policy_service *service, const char *request, struct str *action);
#endif
