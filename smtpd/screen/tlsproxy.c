/* tlsproxy.c: does TLS for postscreen's clients (tlsproxy(8)): one process for many. */
#include <event2/event.h>

#include "master/worker/worker.h"
#include "smtpd/screen/tls_relay.h"
#include "util/base/clock.h"
#include "util/config/config_tls.h"
#include "util/log/log.h"
#include "util/net/tls_log.h"
#include "util/table/maps.h"

enum { LIFE_MS = 3600 * 1000 };

struct proxy {
    struct tls_relays relays;
    struct event_base *events;
    int64_t end_ms;
    bool is_replaced;
};

/* A process that lives for ever would never see keys that were renewed in a folder that it can't enter any more. */
static void on_connect(void *context, int fd, int listener)
{
    struct proxy *proxy = context;

    tls_relay_start(&proxy->relays, fd);
    bool has_changed = proxy->relays.context != NULL && tls_context_has_changed(proxy->relays.context);
    if (!has_changed && clock_monotonic_ms() < proxy->end_ms)
        return;
    proxy->is_replaced = true;
    (void)event_base_loopbreak(proxy->events); /* can't fail while it runs */
}

static bool find_chain(void *context, const char *name, struct str *pem)
{
    return maps_find(context, name, pem, NULL) == TABLE_FOUND;
}

static void open_tls(struct tls_relays *relays, const struct worker *worker, struct arena *arena, struct maps *names)
{
    const struct config *config = worker_config(worker);
    enum config_tls_level level = config_tls_server_level(config);
    struct tls_settings settings;

    relays->log_level = tls_log_level("smtpd_tls_loglevel", config->smtpd_tls_loglevel);
    relays->handshake_s = config->smtpd_starttls_timeout;
    if (level == CONFIG_TLS_NONE) {
        log_warning("TLS server role is disabled with tlsproxy_tls_security_level or tlsproxy_use_tls");
        return;
    }
    config_tls_server(config, level, arena, &settings);
    if (!tls_context_has_keys(&settings)) {
        log_warning("No server certs available. TLS can't be enabled");
        return;
    }
    settings.keep = worker_tls_keep(worker);
    relays->context = tls_context_open(&settings, NULL);
    if (relays->context == NULL)
        return;
    tls_context_use_tickets(relays->context, worker_secret(worker));
    if (!maps_is_empty(names))
        tls_context_use_names(relays->context, find_chain, names);
}

static void on_reload(void *context)
{
    struct proxy *proxy = context;

    proxy->is_replaced = true;
}

static bool has_clients(void *context)
{
    const struct proxy *proxy = context;

    return proxy->relays.count > 0;
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "tlsproxy");
    const struct config *config = worker_config(worker);
    struct proxy proxy = { .end_ms = clock_monotonic_ms() + LIFE_MS };
    struct arena *arena = arena_new();

    /* Its own parameters (whose defaults are smtpd's) take the place of smtpd's. */
    config_use_prefix((struct config *)(uintptr_t)config, "tlsproxy_", "smtpd_");
    /* What needs the file system, before it is out of reach. */
    struct maps *names =
        maps_open(config, "tls_server_sni_maps", config->tls_server_sni_maps, TABLE_FOLD | TABLE_FILE_VALUES);
    open_tls(&proxy.relays, worker, arena, names);
    worker_allow_path(worker, config->smtpd_tls_CApath, false);

    worker_confine(worker, CONFINE_NETWORK);
    proxy.events = proxy.relays.events = worker_events(worker);
    worker_on_reload(worker, on_reload, &proxy);
    worker_serve_many(worker, on_connect, &proxy);
    if (proxy.is_replaced)
        worker_leave(worker, has_clients, &proxy);
    tls_context_close(proxy.relays.context);
    maps_close(names);
    arena_free(arena);
    return worker_stop(worker);
}
