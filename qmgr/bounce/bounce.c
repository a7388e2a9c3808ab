/* bounce.c: composes delivery reports for the queue manager (bounce(8), RFC 3464): services bounce, defer and trace. It sees a
 * read-only original and hands its report in like any other mail. */
#include "master/worker/worker.h"

#include <stdio.h>

#include "qmgr/bounce/notify.h"
#include "qmgr/client/agent.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/tool/command_config.h"

static void serve(struct client *client, const struct config *config, const struct template_set *templates,
    struct intake *intake)
{
    struct agent *agent = agent_open(client->fd);
    struct order *order;

    client->fd = -1; /* the agent has it */
    while ((order = agent_receive(agent, config->max_idle)) != NULL) {
        struct verdict why = VERDICT_OK;
        if (!notify_run(config, templates, intake, order, &why) && why.code < 400)
            why.code = 450;
        for (size_t i = 0; i < order->target_count; i++)
            agent_confirm(agent, order, &order->targets[i], &why);
        if (!agent_finish(agent, order, "", NULL))
            break;
    }
    agent_close(agent);
}

/* postconf -b and -t: shows the templates of a file, or those in use. */
static int show_templates(bool expanded, const char *path)
{
    const struct config *config = command_config_load(NULL, "bounce", 1);
    struct arena *arena = arena_new();
    struct template_set templates;
    struct str why = {0};
    char tag[128];

    /* Who called postconf doesn't expect to hear of another program: its whole name says where that comes from. */
    if (snprintf(tag, sizeof(tag), "%s/bounce", config->syslog_name) < (int)sizeof(tag))
        (void)log_set_service(tag);
    if (path == NULL)
        path = config->bounce_template_file;
    if (*path == '\0')
        (void)template_load(config, arena, &templates);
    else if (!template_load_file(path, arena, &templates, &why))
        log_fatal("%s", str_text(&why));
    template_dump(config, &templates, expanded);
    arena_free(arena);
    str_free(&why);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 1 && (text_equal(argv[1], "-b") || text_equal(argv[1], "-t")))
        return show_templates(argv[1][1] == 'b', argc > 2 ? argv[2] : NULL);

    struct worker *worker = worker_start(argc, argv, "bounce");
    const struct config *config = worker_config(worker);
    const struct config *cleanup = worker_config_of(worker, config->cleanup_service_name, "cleanup");
    const struct config *rewrite = worker_config_of(worker, "rewrite", "trivial-rewrite");
    struct arena *arena = arena_new();
    struct template_set templates;

    (void)template_load(config, arena, &templates); /* an error is logged and the built-in words are used */
    struct intake *intake =
        intake_open(cleanup, rewrite, worker_socket_path(worker, "private/intake"), "bounce");
    worker_confine(worker, CONFINE_NETWORK);
    struct client *client;
    while ((client = worker_accept(worker)) != NULL) {
        serve(client, config, &templates, intake);
        client_close(client);
    }
    intake_close(intake);
    arena_free(arena);
    return worker_stop(worker);
}
