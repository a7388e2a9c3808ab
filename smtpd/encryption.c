#include "smtpd/encryption.h"

#include <stdlib.h>

#include "master/worker/tls_sessions.h"
#include "util/base/arena.h"
#include "util/base/memory.h"
#include "util/log/log.h"
#include "util/net/tls_log.h"
#include "util/table/maps.h"

struct encryption {
    const struct config *config;
    enum config_tls_level level;
    bool must_see_certificate;
    int log_level;
    struct arena *arena;
    struct tls_context *context; /* NULL: keys can't be used */
    struct maps *names;          /* tls_server_sni_maps */
    struct maps *log_levels;     /* smtpd_tls_loglevel_maps */
    struct tls_sessions *sessions; /* NULL: tickets only */
};

static bool find_chain(void *context, const char *name, struct str *pem)
{
    struct encryption *encryption = context;

    return maps_find(encryption->names, name, pem, NULL) == TABLE_FOUND;
}

static void open_names(struct encryption *encryption)
{
    encryption->names = maps_open(encryption->config, "tls_server_sni_maps", encryption->config->tls_server_sni_maps,
        TABLE_FOLD | TABLE_FILE_VALUES);
    if (!maps_is_empty(encryption->names))
        tls_context_use_names(encryption->context, find_chain, encryption);
}

static void use_sessions(struct encryption *encryption, struct worker *worker)
{
    const struct config *config = encryption->config;

    if (*config->smtpd_tls_session_cache_database == '\0' || config->smtpd_tls_session_cache_timeout <= 0)
        return;
    encryption->sessions = tls_sessions_open(worker, "smtpd", encryption->log_level);
    tls_context_use_store(encryption->context, &tls_sessions_store, encryption->sessions);
}

struct encryption *encryption_open_alone(const struct config *config, const unsigned char *secret, int keep)
{
    enum config_tls_level level = config_tls_server_level(config);
    struct tls_settings settings;

    if (level == CONFIG_TLS_NONE)
        return NULL;
    struct encryption *encryption = memory_new(struct encryption);
    encryption->config = config;
    encryption->level = level;
    encryption->log_level = tls_log_level("smtpd_tls_loglevel", config->smtpd_tls_loglevel);
    encryption->log_levels = maps_open(config, "smtpd_tls_loglevel_maps", config->smtpd_tls_loglevel_maps, TABLE_FOLD);
    encryption->arena = arena_new();
    encryption->must_see_certificate = config->smtpd_tls_req_ccert && level == CONFIG_TLS_ENCRYPT;
    if (config->smtpd_tls_req_ccert && !encryption->must_see_certificate)
        log_warning("Can't require client certs unless TLS is required");
    config_tls_server(config, level, encryption->arena, &settings);
    settings.keep = keep;
    if (encryption->log_level >= 2)
        log_info("initializing the server-side TLS engine");
    encryption->context = tls_context_open(&settings, NULL);
    if (encryption->context != NULL) {
        tls_context_use_tickets(encryption->context, secret);
        open_names(encryption);
    }
    return encryption;
}

struct encryption *encryption_open(struct worker *worker)
{
    struct encryption *encryption =
        encryption_open_alone(worker_config(worker), worker_secret(worker), worker_tls_keep(worker));

    if (encryption_is_available(encryption))
        use_sessions(encryption, worker);
    return encryption;
}

void encryption_close(struct encryption *encryption)
{
    if (encryption == NULL)
        return;
    tls_context_close(encryption->context);
    tls_sessions_close(encryption->sessions);
    maps_close(encryption->names);
    maps_close(encryption->log_levels);
    arena_free(encryption->arena);
    free(encryption);
}

bool encryption_has_changed(struct encryption *encryption)
{
    if (encryption == NULL || encryption->context == NULL)
        return false;
    return tls_context_has_changed(encryption->context) || maps_have_changed(encryption->names)
        || maps_have_changed(encryption->log_levels);
}

bool encryption_is_offered(const struct encryption *encryption)
{
    return encryption != NULL;
}

bool encryption_is_required(const struct encryption *encryption)
{
    return encryption != NULL && encryption->level == CONFIG_TLS_ENCRYPT;
}

bool encryption_must_see_certificate(const struct encryption *encryption)
{
    return encryption != NULL && encryption->must_see_certificate;
}

bool encryption_is_immediate(const struct encryption *encryption)
{
    return encryption != NULL && encryption->config->smtpd_tls_wrappermode;
}

bool encryption_is_available(const struct encryption *encryption)
{
    return encryption != NULL && encryption->context != NULL;
}

/* By name, then by address; otherwise the level is that of all clients. */
static int log_level_for(const struct encryption *encryption, const struct client_name *client)
{
    const char *const keys[] = { client->name, client->address };
    struct str value = {0};
    int level = encryption->log_level;

    for (size_t i = 0; i < COUNT_OF(keys) && !maps_is_empty(encryption->log_levels); i++) {
        if (maps_find(encryption->log_levels, keys[i], &value, NULL) == TABLE_FOUND) {
            level = tls_log_level("smtpd_tls_loglevel_maps", str_text(&value));
            break;
        }
    }
    str_free(&value);
    return level;
}

struct tls *encryption_accept(struct encryption *encryption, int fd, const struct client_name *client, const char *client_text)
{
    return tls_accept(encryption->context, fd, client_text, log_level_for(encryption, client),
        encryption->config->smtpd_starttls_timeout);
}
