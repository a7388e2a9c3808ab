#include "delivery/smtp/smtp_delivery.h"

#include <stdarg.h>
#include <string.h>

#include "delivery/smtp/smtp_notice.h"
#include "util/log/log.h"

bool smtp_delivery_has_left(const struct smtp_delivery *delivery)
{
    for (size_t i = 0; i < delivery->order->target_count; i++) {
        if (!delivery->order->targets[i].reported)
            return true;
    }
    return false;
}

/* Temporary, and another server may take it: then it is only logged. */
static bool is_kept(struct smtp_delivery *delivery, const struct agent_result *result)
{
    if ((result->code >= 500 && !delivery->client->config->soft_bounce) || delivery->last_host)
        return false;
    log_info("%s: %s", delivery->order->queue_id, result->why);
    return true;
}

static void complete(struct smtp_delivery *delivery, struct agent_result *result)
{
    const struct smtp_session *session = delivery->session;

    result->relay = session == NULL ? "none" : arena_copy_text(delivery->order->arena, session->relay);
    result->connection_use = session == NULL ? 0 : session->uses;
}

static void fail_all(struct smtp_delivery *delivery, enum smtp_blame blame, struct agent_result *result)
{
    complete(delivery, result);
    delivery->trouble = *result;
    delivery->unreachable = blame == SMTP_BLAME_SITE;
    if (is_kept(delivery, result))
        return;
    for (size_t i = 0; i < delivery->order->target_count; i++) {
        struct agent_target *target = &delivery->order->targets[i];
        if (!target->reported && !delivery->kept[i])
            agent_report(delivery->agent, delivery->order, target, result);
    }
}

void smtp_delivery_fail(struct smtp_delivery *delivery, enum smtp_blame blame, int code, const char *status,
    const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    const char *why = arena_vprintf(delivery->order->arena, format, arguments);
    va_end(arguments);
    fail_all(delivery, blame, &(struct agent_result){ .code = code, .status = status, .why = why });
}

/* What a reply means: its class decides; one that says success where none is possible is a permanent failure. */
static struct agent_result reply_result(struct smtp_delivery *delivery, const char *command)
{
    struct smtp_session *session = delivery->session;
    struct arena *arena = delivery->order->arena;
    struct str text = {0};
    char buffer[12];
    int class = smtp_reply_class(&session->reply);

    smtp_reply_put_text(&session->reply, &text);
    const char *reply = arena_copy_text(arena, str_text(&text));
    str_free(&text);
    struct agent_result result = {
        .code = class == 4 || class == 5 ? session->reply.code : 550,
        .status = class == 2 ? "5.5.0" : arena_copy_text(arena, smtp_reply_status(&session->reply, buffer)),
        .diagnostic_type = "smtp",
        .diagnostic = reply,
        .remote_mta = arena_printf(arena, "dns; %s", session->name),
    };
    smtp_notice_judge(session);
    const char *prefix = class == 2 ? "Protocol error: " : "";
    result.why = command == NULL
        ? arena_printf(arena, "%shost %s refused to talk to me: %s", prefix, session->host, reply)
        : arena_printf(arena, "%shost %s said: %s (in reply to %s command)", prefix, session->host, reply, command);
    return result;
}

void smtp_delivery_fail_reply(struct smtp_delivery *delivery, const char *command)
{
    struct agent_result result = reply_result(delivery, command);

    fail_all(delivery, command == NULL ? SMTP_BLAME_SITE : SMTP_BLAME_MESSAGE, &result);
}

void smtp_delivery_fail_login(struct smtp_delivery *delivery)
{
    struct agent_result result = reply_result(delivery, "AUTH");
    char *text = arena_copy_text(delivery->order->arena, str_text(&delivery->session->reply.text));

    for (char *at = text; (at = strchr(at, '\n')) != NULL;)
        *at = '?'; /* several lines are told in this way of a login only */
    result.diagnostic = text;
    result.why = arena_printf(delivery->order->arena, "SASL authentication failed; server %s said: %s",
        delivery->session->host, result.diagnostic);
    fail_all(delivery, SMTP_BLAME_SITE, &result);
}

void smtp_delivery_fail_known_login(struct smtp_delivery *delivery, int code, const char *status, const char *reply)
{
    struct arena *arena = delivery->order->arena;
    struct agent_result result = {
        .code = code,
        .status = arena_copy_text(arena, status),
        .diagnostic_type = "smtp",
        .diagnostic = arena_copy_text(arena, reply),
        .remote_mta = arena_printf(arena, "dns; %s", delivery->session->name),
    };

    result.why = arena_printf(arena, "SASL [CACHED] authentication failed; server %s said: %s", delivery->session->name,
        result.diagnostic);
    fail_all(delivery, SMTP_BLAME_SITE, &result);
}

void smtp_delivery_fail_data(struct smtp_delivery *delivery, enum smtp_blame blame)
{
    delivery->session->lacked_data = true;
    smtp_delivery_fail(delivery, blame, 450, "4.3.0", "local data error while talking to %s", delivery->session->host);
}

void smtp_delivery_fail_stream(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    bool timeout = stream_status(session->stream) == STREAM_TIMEOUT;

    session->must_close = true;
    if (session->lacked_data) {
        smtp_delivery_fail_data(delivery, SMTP_BLAME_SITE);
        return;
    }
    smtp_delivery_fail(delivery, SMTP_BLAME_SITE, 450, "4.4.2",
        timeout ? "conversation with %s timed out while %s" : "lost connection with %s while %s", session->host,
        session->stage);
}

void smtp_delivery_fail_recipient(struct smtp_delivery *delivery, struct agent_target *target, const char *command)
{
    struct agent_result result = reply_result(delivery, command);

    complete(delivery, &result);
    delivery->trouble = result;
    delivery->unreachable = false;
    if (is_kept(delivery, &result))
        delivery->kept[target - delivery->order->targets] = true;
    else
        agent_report(delivery->agent, delivery->order, target, &result);
}

void smtp_delivery_succeed(struct smtp_delivery *delivery, struct agent_target *target, const char *status,
    const char *text)
{
    struct smtp_session *session = delivery->session;
    struct smtp_client *client = delivery->client;
    bool speaks_dsn = session->can & SMTP_CAN_DSN;
    bool final = (client->flags & SMTP_FLAG_FINAL)
        || (client->lmtp && client->config->lmtp_assume_final && !speaks_dsn);
    struct agent_result result = {
        .code = 250,
        .status = status,
        .why = text,
        .action = final ? "delivered" : "relayed",
        .diagnostic_type = "smtp",
        .diagnostic = text,
        .remote_mta = arena_printf(delivery->order->arena, "dns; %s", session->name),
        .notified_elsewhere = speaks_dsn,
    };

    complete(delivery, &result);
    agent_report(delivery->agent, delivery->order, target, &result);
}
