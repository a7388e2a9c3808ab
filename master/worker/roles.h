/* roles.h: the table of who may do what: one row per enum confinement. Users, filters and the audit test come from it. */
#ifndef MASTER_WORKER_ROLES_H
#define MASTER_WORKER_ROLES_H
#include <stdbool.h>

#include "master/worker/worker.h"

enum role_user { ROLE_NETWORK_OWNER, ROLE_MAIL_OWNER, ROLE_STAYS_ROOT };
enum role_calls { ROLE_CALLS_ALL, ROLE_CALLS_SERVER }; /* system-call filters (util/sys/sandbox.h) */
enum role_files { ROLE_FILES_ALL, ROLE_FILES_READ_SYSTEM, ROLE_FILES_QUEUE, ROLE_FILES_DATA };

struct role {
    enum confinement confinement;
    const char *name;
    enum role_user user;
    enum role_calls calls;
    enum role_files files;
    bool new_privileges; /* programs that it runs may be setuid */
};
const struct role *roles_find(enum confinement confinement);

#endif
