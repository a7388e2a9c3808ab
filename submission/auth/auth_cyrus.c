/* auth_cyrus.c: logins checked by Cyrus SASL. */
#include "submission/auth/auth_back_end.h"
#include "util/log/log.h"

static void *service_open(const struct config *config, const char *path)
{
    log_fatal("smtpd_sasl_type: cyrus is not available here");
}
const struct auth_back_end auth_back_end_cyrus = { .service_open = service_open };
