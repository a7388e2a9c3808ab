/* auth_back_end.h: what a SASL implementation offers to auth.c. One constant per implementation. */
#ifndef SUBMISSION_AUTH_AUTH_BACK_END_H
#define SUBMISSION_AUTH_AUTH_BACK_END_H
#include "submission/auth/auth_client.h"
#include "util/base/str.h"
#include "util/config/config.h"

struct auth_back_end {
    void *(*service_open)(const struct config *config, const char *path);
    void (*service_close)(void *service);
    const char *(*file)(const void *service); /* as auth_service_file */
    /* options: SASL_OPTION_* of mechanisms that are ruled out. *mechanisms: those left, separated by blanks. NULL: none. */
    void *(*open)(void *service, const struct auth_client *client, unsigned options, struct str *mechanisms);
    void (*close)(void *session);
    /* As auth_begin and auth_respond; mechanism and responses are as the client sent them, unchecked. An outcome replaces
     * user, by nothing (str_free) if the back end doesn't tell. */
    enum auth_status (*begin)(void *session, const char *mechanism, const char *initial, struct str *answer,
        struct str *user);
    enum auth_status (*respond)(void *session, const char *response, struct str *answer, struct str *user);
};

extern const struct auth_back_end auth_back_end_dovecot;
extern const struct auth_back_end auth_back_end_cyrus;
#endif
