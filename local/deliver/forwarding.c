#include "local/deliver/forwarding.h"

#include <string.h>

#include "local/report.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/mail/address.h"
#include "util/mail/date.h"

enum { LINE_PIECE_BYTES = 16384 };

struct forward_recipient {
    struct forward_recipient *next;
    struct recipient recipient;
};

struct forwarding {
    struct forwarding *next;
    const char *sender;
    const char *delivered_to;
    struct forward_recipient *first;
    struct forward_recipient **end;
};

static struct forwarding *find(struct delivery *delivery, const char *sender, const char *delivered_to)
{
    struct forwarding **at = &delivery->forwarding;

    for (; *at != NULL; at = &(*at)->next) {
        if (text_equal((*at)->sender, sender) && text_equal((*at)->delivered_to, delivered_to))
            return *at;
    }
    *at = arena_allocate(delivery->order->arena, sizeof(**at));
    **at = (struct forwarding){ .sender = sender, .delivered_to = delivered_to };
    (*at)->end = &(*at)->first;
    return *at;
}

void forwarding_add(struct delivery *delivery, const struct step *step)
{
    struct forwarding *forwarding = find(delivery, step->sender, step->delivered_to);
    struct forward_recipient *entry = arena_allocate(delivery->order->arena, sizeof(*entry));

    *entry = (struct forward_recipient){ .recipient = step->recipient };
    *forwarding->end = entry;
    forwarding->end = &entry->next;
}

/* --- the new message --- */

static void put_attributes(const struct order *order, struct intake_message *message)
{
    static const char *const kept[] = {
        ATTRIBUTE_CLIENT_NAME, ATTRIBUTE_CLIENT_ADDRESS, ATTRIBUTE_CLIENT_PORT, ATTRIBUTE_CLIENT_HELO,
        ATTRIBUTE_CLIENT_PROTOCOL, ATTRIBUTE_CLIENT_IDENT, ATTRIBUTE_SASL_METHOD, ATTRIBUTE_SASL_USERNAME,
        ATTRIBUTE_SASL_SENDER, ATTRIBUTE_REWRITE_CONTEXT, ATTRIBUTE_ENCODING,
    };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        const char *value = envelope_attribute(&order->envelope, kept[i]);
        if (*value != '\0')
            intake_attribute(message, kept[i], value);
    }
}

static void put_trace(const struct delivery *delivery, const struct forwarding *forwarding, struct intake_message *message)
{
    const struct config *config = delivery->local->config;
    char date[DATE_TEXT_BYTES];
    struct str line = {0};

    str_printf(&line, "Received: by %s (%s)", config->myhostname, config->mail_name);
    intake_line(message, str_text(&line));
    str_clear(&line);
    str_printf(&line, "\tid %s; %s", intake_queue_id(message), date_format(clock_wall_us() / 1000000, date));
    intake_line(message, str_text(&line));
    if (delivery->local->prepend & PREPEND_FORWARD) {
        str_clear(&line);
        str_put(&line, "Delivered-To: ");
        address_quote(forwarding->delivered_to, &line);
        intake_line(message, str_text(&line));
    }
    str_free(&line);
}

/* False: the queue file can't be read. */
static bool put_content(const struct order *order, struct intake_message *message)
{
    struct message_lines lines;
    const char *line;
    size_t length;
    bool whole;

    message_lines_start(&lines, order->content, &order->file);
    while (message_lines_next(&lines, &line, &length, LINE_PIECE_BYTES, &whole) && intake_is_healthy(message))
        intake_text(message, line, length, whole);
    int error = lines.reader.error;
    message_lines_stop(&lines);
    return error == 0;
}

static bool queue(const struct delivery *delivery, const struct forwarding *forwarding, const char **queue_id,
    struct verdict *verdict)
{
    const struct order *order = delivery->order;
    bool local_context = text_equal(envelope_attribute(&order->envelope, ATTRIBUTE_REWRITE_CONTEXT), "local");
    struct intake_begin begin = {
        .service = "cleanup",
        .options = INTAKE_NO_HEADER_BODY_CHECKS | INTAKE_NO_MILTERS | INTAKE_NO_BCC
            | (local_context ? (uint32_t)INTAKE_LOCAL_REWRITE : 0),
        .envelope_flags = order->envelope.flags & (ENVELOPE_SMTPUTF8 | ENVELOPE_TRACE | ENVELOPE_LOCAL),
        .trace_id = envelope_attribute(&order->envelope, ATTRIBUTE_TRACE_ID),
        .origin = "local",
    };
    struct intake_message *message = intake_begin(delivery->local->intake, &begin, verdict);

    if (message == NULL)
        return false;
    *queue_id = arena_copy_text(order->arena, intake_queue_id(message));
    intake_sender(message, forwarding->sender, order->envelope.envid, order->envelope.ret);
    put_attributes(order, message);
    for (const struct forward_recipient *entry = forwarding->first; entry != NULL; entry = entry->next)
        intake_recipient(message, &entry->recipient);
    put_trace(delivery, forwarding, message);
    if (!put_content(order, message)) {
        intake_cancel(message);
        *verdict = VERDICT(451, "4.3.0", "cannot read the message");
        return false;
    }
    return intake_end(message, verdict);
}

static void finish(struct delivery *delivery, const struct forwarding *forwarding, const struct step *origin)
{
    struct verdict verdict = VERDICT_OK;
    const char *queue_id = "";

    if (queue(delivery, forwarding, &queue_id, &verdict))
        report(delivery, origin, 250, "2.0.0", "forwarded as %s", queue_id);
    else /* the message may be fine a moment later, or with other settings; it isn't the sender's fault */
        report(delivery, origin, 450, verdict_is_temporary(&verdict) ? verdict.status : "4.3.0", "%s",
            verdict.text == NULL ? "queue file write error" : verdict.text);
}

static void report_verified(struct delivery *delivery, const struct forwarding *forwarding, const struct step *origin)
{
    for (const struct forward_recipient *entry = forwarding->first; entry != NULL; entry = entry->next) {
        struct step step = *origin;
        struct str address = {0};
        step.recipient = entry->recipient;
        address_quote(entry->recipient.address, &address);
        report(delivery, &step, 250, "2.0.0", "forwards to %s", str_text(&address));
        str_free(&address);
    }
}

void forwarding_finish(struct delivery *delivery, const struct step *origin)
{
    for (const struct forwarding *forwarding = delivery->forwarding; forwarding != NULL; forwarding = forwarding->next) {
        if (delivery->verify)
            report_verified(delivery, forwarding, origin);
        else if (!delivery->deferred) /* else once for all, when the rest is done */
            finish(delivery, forwarding, origin);
    }
    delivery->forwarding = NULL;
}
