#include "submission/auth/auth.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "submission/auth/auth_back_end.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/sasl/sasl_options.h"
#include "util/table/match_list.h"

struct auth_service {
    const struct auth_back_end *back_end;
    void *handle;
    struct match_list *filter;
    unsigned options_plain;
    unsigned options_encrypted;
};

struct auth {
    struct auth_service *service;
    struct auth_client client;
    void *handle;
    struct str available; /* mechanisms that may be used */
    struct str announced;
    struct str user;      /* data NULL: unknown */
};

struct auth_service *auth_service_open(const struct config *config, const char *socket_path)
{
    struct auth_service *service = memory_new(struct auth_service);
    bool is_dovecot = text_equal_nocase(config->smtpd_sasl_type, "dovecot");

    service->back_end = is_dovecot ? &auth_back_end_dovecot : &auth_back_end_cyrus;
    service->options_plain = sasl_options_parse("smtpd_sasl_security_options", config->smtpd_sasl_security_options);
    service->options_encrypted =
        sasl_options_parse("smtpd_sasl_tls_security_options", config->smtpd_sasl_tls_security_options);
    service->filter = match_list_open(config, "smtpd_sasl_mechanism_filter", config->smtpd_sasl_mechanism_filter);
    service->handle = service->back_end->service_open(config, socket_path);
    return service;
}

void auth_service_close(struct auth_service *service)
{
    if (service == NULL)
        return;
    service->back_end->service_close(service->handle);
    match_list_close(service->filter);
    free(service);
}

/* The filter hides mechanisms; it doesn't forbid them, as with Postfix. */
static void announce(struct auth *auth)
{
    const char *cursor = str_text(&auth->available);
    struct match_list *filter = auth->service->filter;
    struct str name = {0};
    const char *word;
    size_t length;

    while (text_next_word(&cursor, " ", &word, &length)) {
        str_clear(&name);
        str_put_bytes(&name, word, length);
        if (match_list_is_empty(filter) || match_list_text(filter, str_text(&name)) == TABLE_FOUND)
            str_printf(&auth->announced, auth->announced.length == 0 ? "%s" : " %s", str_text(&name));
    }
    str_free(&name);
}

/* A certificate is as good as a password only where the administrator let EXTERNAL be announced. */
static void forget_certificate_if_unwanted(struct auth *auth)
{
    const char *cursor = str_text(&auth->announced);
    const char *word;
    size_t length;

    while (text_next_word(&cursor, " ", &word, &length)) {
        if (length == strlen("EXTERNAL") && strncasecmp(word, "EXTERNAL", length) == 0)
            return;
    }
    auth->client.certificate_name = NULL;
}

const char *auth_service_file(const struct auth_service *service)
{
    return service->back_end->file(service->handle);
}

struct auth *auth_open(struct auth_service *service, const struct auth_client *client, struct str *why)
{
    struct auth *auth = memory_new(struct auth);
    unsigned options = client->encrypted ? service->options_encrypted : service->options_plain;

    auth->service = service;
    auth->client = *client;
    auth->handle = service->back_end->open(service->handle, &auth->client, options, &auth->available);
    if (auth->handle != NULL)
        announce(auth);
    forget_certificate_if_unwanted(auth);
    if (auth->announced.length > 0)
        return auth;
    if (auth->handle == NULL)
        str_set(why, "no SASL authentication mechanisms");
    else
        str_printf(why, "smtpd_sasl_mechanism_filter discards all mechanisms in '%s'", str_text(&auth->available));
    auth_close(auth);
    return NULL;
}

void auth_close(struct auth *auth)
{
    if (auth == NULL)
        return;
    if (auth->handle != NULL)
        auth->service->back_end->close(auth->handle);
    str_free(&auth->available);
    str_free(&auth->announced);
    str_free(&auth->user);
    free(auth);
}

const char *auth_mechanisms(const struct auth *auth)
{
    return str_text(&auth->announced);
}

enum auth_status auth_begin(struct auth *auth, const char *mechanism, const char *initial, struct str *answer)
{
    str_clear(answer);
    return auth->service->back_end->begin(auth->handle, mechanism, initial, answer, &auth->user);
}

enum auth_status auth_respond(struct auth *auth, const char *response, struct str *answer)
{
    str_clear(answer);
    return auth->service->back_end->respond(auth->handle, response, answer, &auth->user);
}

const char *auth_user(const struct auth *auth)
{
    return auth->user.data;
}
