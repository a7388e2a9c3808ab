#include "qmgr/bounce/notify.h"

#include <string.h>
#include <strings.h>

#include "qmgr/bounce/report.h"
#include "qmgr/intake/postmaster_notice.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/verp.h"
#include "util/mail/address.h"

struct notifier {
    const struct config *config;
    const struct template_set *templates;
    struct intake *intake;
    struct order *order;
    struct verdict *why;
};

static bool class_is_on(const struct config *config, const char *class)
{
    return text_list_has_nocase(config->notify_classes, class);
}

static bool concerns_all(const struct agent_target *target)
{
    return true;
}

/* Without NOTIFY, failures and delays are reported (RFC 3461 section 4.1). */
static bool concerns_failure(const struct agent_target *target)
{
    return target->recipient.notify == 0 || (target->recipient.notify & NOTIFY_FAILURE);
}

static bool concerns_delay(const struct agent_target *target)
{
    return target->recipient.notify == 0 || (target->recipient.notify & NOTIFY_DELAY);
}

static bool concerns_anybody(const struct order *order, bool (*concerns)(const struct agent_target *))
{
    for (size_t i = 0; i < order->target_count; i++) {
        if (concerns(&order->targets[i]))
            return true;
    }
    return false;
}

/* "double-bounce", with or without a domain of ours behind it: what the postmaster's copies are sent from. */
static bool is_double_bounce(const struct config *config, const char *sender)
{
    const char *name = config->double_bounce_sender;
    size_t length = address_local_length(sender);

    return strlen(name) == length && strncasecmp(sender, name, length) == 0;
}

static bool send_report(struct notifier *notifier, const struct report *report, const char *what)
{
    const char *queue_id;

    if (!concerns_anybody(notifier->order, report->concerns))
        return true;
    if (!report_send(notifier->config, notifier->intake, notifier->order, report, &queue_id, notifier->why)) {
        log_warning("%s: %s could not be sent: %s", notifier->order->queue_id, what, notifier->why->text);
        return false;
    }
    log_info("%s: %s: %s", notifier->order->queue_id, what, queue_id);
    return true;
}

static bool headers_only(const struct notifier *notifier)
{
    const struct envelope *envelope = &notifier->order->envelope;

    return envelope->ret == RET_HEADERS || (int64_t)envelope->size_bytes > notifier->config->bounce_size_limit;
}

/* A bounce that can't be delivered goes to the postmaster, if anywhere. */
static bool double_bounce(struct notifier *notifier)
{
    if (!class_is_on(notifier->config, "2bounce"))
        return true;
    return send_report(notifier, &(struct report){
        .template = &notifier->templates->templates[TEMPLATE_FAILURE],
        .sender = notifier->config->double_bounce_sender,
        .recipient = notifier->config->second_bounce_notice_recipient,
        .to_postmaster = true,
        .headers_only = headers_only(notifier),
        .original_label = "Undelivered Message",
        .concerns = concerns_all,
    }, "postmaster non-delivery notification");
}

/* Whom a failure is told: with VERP the sender as the recipient saw him. */
static const char *return_address(const struct notifier *notifier)
{
    const struct order *order = notifier->order;
    const char *delimiters = envelope_attribute(&order->envelope, ATTRIBUTE_VERP);
    struct str address = {0};

    if (strlen(delimiters) != 2 || order->target_count != 1 || notifier->config->disable_verp_bounces)
        return order->envelope.sender;
    const struct recipient *recipient = &order->targets[0].recipient;
    verp_sender(order->envelope.sender, *recipient->original == '\0' ? recipient->address : recipient->original, delimiters,
        &address);
    const char *copy = arena_copy_text(order->arena, str_text(&address));
    str_free(&address);
    return copy;
}

static bool failure(struct notifier *notifier)
{
    const struct order *order = notifier->order;
    const char *sender = order->envelope.sender;
    struct report report = {
        .template = &notifier->templates->templates[TEMPLATE_FAILURE],
        .sender = "",
        .recipient = return_address(notifier),
        .headers_only = headers_only(notifier),
        .original_label = "Undelivered Message",
        .concerns = concerns_failure,
    };

    if (*order->notify_whom != '\0') {
        report.recipient = order->notify_whom;
        return send_report(notifier, &report, "sender non-delivery notification");
    }
    if (is_double_bounce(notifier->config, sender)) {
        log_warning("%s: undeliverable postmaster notification discarded", order->queue_id);
        return true;
    }
    if (*sender == '\0')
        return double_bounce(notifier);
    if (!send_report(notifier, &report, "sender non-delivery notification"))
        return false;
    if (!class_is_on(notifier->config, "bounce"))
        return true;
    report.sender = notifier->config->double_bounce_sender;
    report.recipient = notifier->config->bounce_notice_recipient;
    report.to_postmaster = true;
    report.headers_only = true;
    report.concerns = concerns_all;
    return send_report(notifier, &report, "postmaster non-delivery notification");
}

static bool delay(struct notifier *notifier)
{
    const char *sender = notifier->order->envelope.sender;
    struct report report = {
        .template = &notifier->templates->templates[TEMPLATE_DELAY],
        .sender = "",
        .recipient = sender,
        .headers_only = true,
        .original_label = "Undelivered Message",
        .retry_until_s =
            notifier->order->envelope.arrival_us / 1000000 + notifier->config->maximal_queue_lifetime,
        .concerns = concerns_delay,
    };

    if (is_double_bounce(notifier->config, sender))
        return true;
    if (*sender != '\0' && !send_report(notifier, &report, "sender delay notification"))
        return false;
    if (!class_is_on(notifier->config, "delay"))
        return true;
    report.sender = notifier->config->double_bounce_sender;
    report.recipient = notifier->config->delay_notice_recipient;
    report.to_postmaster = true;
    report.concerns = concerns_all;
    return send_report(notifier, &report, "postmaster delay notification");
}

/* Successes that the sender asked to hear of, or sendmail -v and -bv. */
static bool status(struct notifier *notifier)
{
    bool success = text_equal(notifier->order->kind, "success");

    if (*notifier->order->envelope.sender == '\0' || is_double_bounce(notifier->config, notifier->order->envelope.sender))
        return true;
    return send_report(notifier, &(struct report){
        .template = &notifier->templates->templates[success ? TEMPLATE_SUCCESS : TEMPLATE_VERIFY],
        .sender = "",
        .recipient = notifier->order->envelope.sender,
        .headers_only = true,
        .original_label = "Message",
        .concerns = concerns_all,
    }, "sender delivery status notification");
}

/* A delivery agent had trouble with a server. */
static bool errors(struct notifier *notifier)
{
    const struct order *order = notifier->order;
    const struct agent_errors *about = &order->errors;

    if (about->program == NULL)
        return true;
    if (!postmaster_notice_send(notifier->intake, notifier->config, &(struct postmaster_notice){
            .program = about->program,
            .peer = about->peer,
            .opening = about->opening,
            .transcript = about->transcript,
            .trace_id = envelope_attribute(&order->envelope, ATTRIBUTE_TRACE_ID),
        }, NULL, notifier->why)) {
        log_warning("%s: notice to the postmaster could not be sent: %s", order->queue_id, notifier->why->text);
        return false;
    }
    return true;
}

bool notify_run(const struct config *config, const struct template_set *templates, struct intake *intake,
    struct order *order, struct verdict *why)
{
    static const struct { const char *kind; bool (*run)(struct notifier *notifier); } kinds[] = {
        { "bounce", failure }, { "delay", delay }, { "success", status }, { "trace", status },
        { "errors", errors },
    };
    struct notifier notifier = { config, templates, intake, order, why };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (text_equal(order->kind, kinds[i].kind))
            return kinds[i].run(&notifier);
    }
    *why = VERDICT(450, "4.3.0", "unknown kind of report");
    return false;
}
