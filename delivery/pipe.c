/* pipe.c: pipe(8): delivers to external commands, as the user that master.cf names. */
#include <errno.h>

#include "delivery/order_loop.h"
#include "delivery/pipe/pipe_arguments.h"
#include "delivery/pipe/pipe_content.h"
#include "delivery/pipe/pipe_environment.h"
#include "delivery/pipe/pipe_status.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/sys/child_command.h"

struct pipe_service {
    struct worker *worker;
    const struct config *config;
    const char *name;
    struct arena *arena;
    struct pipe_attributes attributes;
    bool parsed;
};

/* child_command's feeder: an empty block is the end; a command must not take half a message for a whole one. */
static bool feed(void *context, struct str *block)
{
    return pipe_content_next(context, block) || !pipe_content_failed(context);
}

static void run(struct pipe_service *service, struct order *order, char **arguments, struct agent_result *result)
{
    const struct pipe_attributes *attributes = &service->attributes;
    char **environment = pipe_environment_make(service->config->export_environment);
    struct pipe_content content;
    struct str output = {0};
    int status = 0;

    pipe_content_start(&content, attributes, order);
    enum child_command_end end = child_command_run(&(struct child_command){
        .arguments = arguments,
        .environment = environment,
        .chroot = attributes->chroot,
        .directory = attributes->directory,
        .uid = attributes->uid,
        .gid = attributes->gid,
        .time_limit_s = config_transport_number(service->config, service->name, "_time_limit"),
        .feed = feed,
        .context = &content,
    }, "pipe", &output, &status);
    if (end == CHILD_COMMAND_NOT_STARTED)
        status = errno;
    if (end == CHILD_COMMAND_TIMED_OUT)
        log_warning("pipe_command_read: read time limit exceeded"); /* wording: Postfix */
    pipe_content_stop(&content);
    pipe_status_judge(end, status, &output, arguments[0], service->name, order->arena, result);
    pipe_environment_free(environment);
    str_free(&output);
}

/* What speaks against running the command at all. True: *result says it. */
static bool refuse(const struct pipe_service *service, const struct order *order, struct agent_result *result)
{
    const struct pipe_attributes *attributes = &service->attributes;
    const char *recipient = order->targets[0].recipient.address;

    result->code = 550;
    if (attributes->size_limit > 0 && order->envelope.size_bytes > attributes->size_limit) {
        result->status = "5.2.3";
        result->why = "message too large";
        return true;
    }
    if (text_equal(order->kind, "verify")) {
        result->code = 250;
        result->status = "2.0.0";
        result->why = arena_printf(order->arena, "delivers to command: %s", attributes->argv[0]);
        return true;
    }
    if (!order->file.complete) {
        result->code = 450;
        result->status = "4.3.0";
        result->why = "unreadable mail queue entry";
        return true;
    }
    if ((attributes->flags & PIPE_FLAG_DELIVERED_TO) && pipe_content_was_delivered_to(order, recipient)) {
        result->status = "5.4.6";
        result->why = arena_printf(order->arena, "mail forwarding loop for %s", recipient);
        return true;
    }
    return false;
}

static void deliver(void *context, struct agent *agent, struct order *order)
{
    struct pipe_service *service = context;
    struct agent_result result = { .relay = service->name };
    const char *unknown = "";

    /* Not earlier: mail for a service that can't work is to be deferred, not to wait for a process that never starts. */
    if (!service->parsed)
        pipe_attributes_parse(&service->attributes, service->config, worker_argc(service->worker),
            worker_argv(service->worker), service->arena);
    service->parsed = true;
    result.action = service->attributes.flags & PIPE_FLAG_FINAL ? "delivered" : "relayed";
    if (order->target_count == 0)
        return;
    if (!refuse(service, order, &result)) {
        char **arguments = pipe_arguments_expand(&service->attributes, order, service->config->recipient_delimiter, &unknown);
        if (arguments != NULL) {
            run(service, order, arguments, &result);
        } else {
            log_warning("file %s/master.cf: service %s: unknown macro name: \"%s\"", service->config->config_directory,
                service->name, unknown);
            result.code = 450;
            result.status = "4.3.5";
            result.why = "mail system configuration error";
        }
    }
    agent_report_rest(agent, order, &result);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "pipe");
    const struct config *config = worker_config(worker);
    struct pipe_service service = {
        .worker = worker,
        .config = config,
        .name = worker_service(worker),
        .arena = arena_new(),
    };
    struct maps *status_filter = maps_open(config, "pipe_delivery_status_filter", config->pipe_delivery_status_filter, 0);

    agent_use_status_filter(status_filter);
    worker_confine(worker, CONFINE_DELIVERY);
    order_loop_run(worker, deliver, &service);
    maps_close(status_filter);
    arena_free(service.arena);
    return worker_stop(worker);
}
