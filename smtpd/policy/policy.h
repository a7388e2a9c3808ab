/* policy.h: access restrictions (SMTPD_ACCESS_README, access(5)): may this client do what it asks? Facts and look-ups in, a
 * verdict with its reasons out. Nothing is logged, slept or changed here, but for warnings about the configuration. */
#ifndef SMTPD_POLICY_POLICY_H
#define SMTPD_POLICY_POLICY_H
#include "qmgr/route/route.h"
#include "smtpd/policy/policy_facts.h"
#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/table/table.h"

struct policy;

/* Parses all restriction lists and opens their tables. Ends the process, as Postfix does, when nothing would stop a stranger
 * from relaying. router is borrowed. */
struct policy *policy_open(const struct config *config, struct router *router);
/* The same; but whether something stops strangers is for the caller to ask. */
struct policy *policy_open_any(const struct config *config, struct router *router);
bool policy_stops_relay(const struct policy *policy);
void policy_close(struct policy *policy); /* NULL is allowed */
bool policy_has_changed(struct policy *policy);

/* Whether smtpd_sender_login_maps lists the login as an owner of the address; TABLE_ABSENT: not, or nobody owns it. */
enum table_result policy_login_owns(struct policy *policy, const char *login, const char *address);

/* The command that a stage belongs to, as logs and policy servers have it: "EHLO", "END-OF-MESSAGE". */
const char *policy_stage_name(enum policy_stage stage);

/* Evaluates what belongs to facts->stage; smtpd_delay_reject decides which lists those are. *deferrals lives as long as the
 * session: the caller zeroes a member when its stage begins anew. Texts live in the arena. */
void policy_decide(struct policy *policy, const struct policy_facts *facts, struct policy_deferrals *deferrals,
    struct arena *arena, struct policy_result *result);
#endif
