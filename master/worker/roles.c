#include "master/worker/roles.h"


static const struct role roles[] = {
    [CONFINE_NETWORK] = { CONFINE_NETWORK, "network", ROLE_NETWORK_OWNER, ROLE_CALLS_SERVER, ROLE_FILES_READ_SYSTEM, false },
    [CONFINE_QUEUE] = { CONFINE_QUEUE, "queue", ROLE_MAIL_OWNER, ROLE_CALLS_SERVER, ROLE_FILES_QUEUE, false },
    [CONFINE_TABLES] = { CONFINE_TABLES, "tables", ROLE_MAIL_OWNER, ROLE_CALLS_SERVER, ROLE_FILES_DATA, false },
    [CONFINE_DELIVERY] = { CONFINE_DELIVERY, "delivery", ROLE_STAYS_ROOT, ROLE_CALLS_ALL, ROLE_FILES_ALL, true },
    [CONFINE_NOTHING_MORE] = { CONFINE_NOTHING_MORE, "nothing", ROLE_NETWORK_OWNER, ROLE_CALLS_SERVER,
        ROLE_FILES_READ_SYSTEM, false },
    /* postlogd writes where the administrator says (maillog_file) and moves old files away for logrotate. */
    [CONFINE_LOG] = { CONFINE_LOG, "log", ROLE_STAYS_ROOT, ROLE_CALLS_SERVER, ROLE_FILES_ALL, false },
};

const struct role *roles_find(enum confinement confinement)
{
    return &roles[confinement];
}
