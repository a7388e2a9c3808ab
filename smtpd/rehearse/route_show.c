#include "smtpd/rehearse/route_show.h"

#include <stdio.h>
#include <unistd.h>

#include "smtpd/path.h"
#include "smtpd/rehearse/view.h"
#include "util/log/log.h"
#include "util/mail/rewrite.h"

#define USAGE "usage: posthaste route [-f sender] address..."

static const char *class_name(enum route_class class)
{
    switch (class) {
    case ROUTE_LOCAL:
        return "local";
    case ROUTE_VIRTUAL_ALIAS:
        return "virtual alias";
    case ROUTE_VIRTUAL_MAILBOX:
        return "virtual mailbox";
    case ROUTE_RELAY:
        return "relay";
    case ROUTE_OTHER:
        break;
    }
    return "default";
}

static const char *internal_form(const struct config *config, const char *text, struct arena *arena)
{
    struct str internal = {0};
    struct str standard = {0};

    if (path_parse(config, REWRITE_LOCAL, text, false, true, &internal) != PATH_OK)
        log_fatal("bad address syntax: %s", text);
    if (internal.length > 0)
        rewrite_address(config, REWRITE_LOCAL, str_text(&internal), &standard);
    const char *address = arena_copy_text(arena, str_text(&standard));
    str_free(&internal);
    str_free(&standard);
    return address;
}

static bool show(struct router *router, const char *sender, const char *address, struct arena *arena)
{
    struct route route;
    enum route_result result = router_resolve(router, sender, address, arena, &route);

    (void)printf("address:   %s\n", address); /* route_show checks the stream */
    if (result == ROUTE_DEFER) {
        (void)printf("not known: %s\n", route.reason); /* likewise */
        return false;
    }
    (void)printf("recipient: %s\nclass:     %s\ntransport: %s\nnext hop:  %s\nreason:    %s\n", route.recipient,
        class_name(route.class), route.transport, route.next_hop,
        route.reason == NULL ? "" : route.reason); /* likewise */
    return true;
}

int route_show(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct master_cf *master_cf;
    struct config *config;
    struct config *rewrite;
    struct str why = {0};
    const char *sender = "";
    bool good = true;
    int option;

    while ((option = getopt(argc, argv, "f:")) != -1) {
        if (option != 'f')
            log_fatal(USAGE);
        sender = optarg;
    }
    if (optind >= argc)
        log_fatal(USAGE);
    if (!config_load(NULL, NULL, 0, NULL, &config, &why)
        || !master_cf_load(config->config_directory, master_cf_chroot_default(config), NULL, NULL, &master_cf, &why)
        || !view_load(master_cf, master_cf_find(master_cf, config->rewrite_service_name, NULL),
            config->rewrite_service_name, "trivial-rewrite", NULL, 0, arena, &rewrite, &why))
        log_fatal("%s", str_text(&why));
    if (chdir(config->queue_directory) != 0)
        log_warning("chdir %s: %m", config->queue_directory); /* a table with a relative name may not be found */
    struct router *router = router_open(rewrite);
    sender = internal_form(rewrite, sender, arena);
    for (int i = optind; i < argc; i++) {
        if (i > optind)
            (void)printf("\n"); /* checked below */
        good = show(router, sender, internal_form(rewrite, argv[i], arena), arena) && good;
    }
    router_close(router);
    config_free(rewrite);
    config_free(config);
    master_cf_free(master_cf);
    arena_free(arena);
    if (fflush(stdout) != 0)
        log_fatal("write: %m");
    return good ? 0 : 1;
}
