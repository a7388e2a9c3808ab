/* tlsproxy.c: does TLS for postscreen's clients (tlsproxy(8)): one process for many. */
#include "master/worker/worker.h"
#include "smtpd/screen/tls_relay.h"
#include "util/config/config_tls.h"
#include "util/log/log.h"
#include "util/net/tls_log.h"
#include "util/table/maps.h"

static void on_connect(void *context, int fd, int listener)
{
    tls_relay_start(context, fd);
}

static bool find_chain(void *context, const char *name, struct str *pem)
{
    return maps_find(context, name, pem, NULL) == TABLE_FOUND;
}

static void open_tls(struct tls_relays *relays, const struct config *config, struct arena *arena, struct maps *names,
    const unsigned char *secret)
{
    enum config_tls_level level = config_tls_server_level(config);
    struct tls_settings settings;

    relays->log_level = tls_log_level(config->smtpd_tls_loglevel);
    relays->handshake_s = config->smtpd_starttls_timeout;
    if (level == CONFIG_TLS_NONE)
        return;
    config_tls_server(config, level, arena, &settings);
    relays->context = tls_context_open(&settings, NULL);
    if (relays->context == NULL)
        return;
    tls_context_use_tickets(relays->context, secret);
    if (!maps_is_empty(names))
        tls_context_use_names(relays->context, find_chain, names);
}

static void on_reload(void *context)
{
    bool *is_replaced = context;

    *is_replaced = true;
}

static bool has_clients(void *context)
{
    const struct tls_relays *relays = context;

    return relays->count > 0;
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "tlsproxy");
    const struct config *config = worker_config(worker);
    struct tls_relays relays = {0};
    struct arena *arena = arena_new();
    bool is_replaced = false;

    /* Its own parameters (whose defaults are smtpd's) take the place of smtpd's. */
    config_use_prefix((struct config *)(uintptr_t)config, "tlsproxy_", "smtpd_");
    /* What needs the file system, before it is out of reach. */
    struct maps *names =
        maps_open(config, "tls_server_sni_maps", config->tls_server_sni_maps, TABLE_FOLD | TABLE_FILE_VALUES);
    open_tls(&relays, config, arena, names, worker_secret(worker));
    worker_allow_path(worker, config->smtpd_tls_CApath, false);

    worker_confine(worker, CONFINE_NETWORK);
    relays.events = worker_events(worker);
    worker_on_reload(worker, on_reload, &is_replaced);
    worker_serve_many(worker, on_connect, &relays);
    if (is_replaced)
        worker_leave(worker, has_clients, &relays);
    tls_context_close(relays.context);
    maps_close(names);
    arena_free(arena);
    return worker_stop(worker);
}
