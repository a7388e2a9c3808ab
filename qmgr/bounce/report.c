#include "qmgr/bounce/report.h"

#include <string.h>
#include <time.h>

#include "qmgr/bounce/original.h"
#include "qmgr/bounce/template_expand.h"
#include "qmgr/intake/postmaster_notice.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/date.h"
#include "util/mail/xtext.h"

enum { WRAP_COLUMNS = 79, LINE_BYTES_MAX = 1 << 16 };

/* What the parts of one report share. */
struct composer {
    const struct config *config;
    struct order *order;
    const struct report *report;
    struct intake_message *message;
    const char *boundary;
    struct str line;
};

/* --- lines --- */

static void put_line(struct composer *composer, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put_line(struct composer *composer, const char *format, ...)
{
    va_list arguments;

    str_clear(&composer->line);
    va_start(arguments, format);
    str_vprintf(&composer->line, format, arguments);
    va_end(arguments);
    intake_text(composer->message, str_text(&composer->line), composer->line.length, true);
}

/* A paragraph, broken at blanks; further lines are indented by four. */
static void put_wrapped(struct composer *composer, const char *text)
{
    size_t indent = 0;
    size_t total = strlen(text);

    while (total > 0 && text[total - 1] == ' ')
        total--;
    for (const char *text_end = text + total; text < text_end;) {
        size_t room = WRAP_COLUMNS - indent;
        size_t length = (size_t)(text_end - text);
        if (length > room) {
            size_t end = room;
            while (end > 0 && text[end] != ' ')
                end--;
            length = end > 0 ? end : strcspn(text, " ") < length ? strcspn(text, " ") : length;
        }
        put_line(composer, "%*s%.*s", (int)indent, "", (int)length, text);
        text += length;
        text += strspn(text, " ");
        indent = 4;
    }
}

static const char *quoted(struct composer *composer, const char *address)
{
    struct str out = {0};

    address_quote(address, &out);
    const char *copy = arena_copy_text(composer->order->arena, str_text(&out));
    str_free(&out);
    return copy;
}

/* --- the report's header and text --- */

static void put_from(struct composer *composer)
{
    put_line(composer, "From: %s", template_from(composer->config, composer->report->template));
}

/* Mail programs show the report with the message that it is about. */
static void put_thread(struct composer *composer)
{
    const char *id = composer->config->enable_threaded_bounces ? original_message_id(composer->order) : NULL;

    if (id != NULL) {
        put_line(composer, "References: %s", id);
        put_line(composer, "In-Reply-To: %s", id);
    }
}

static void put_header(struct composer *composer)
{
    const struct report *report = composer->report;
    const struct template *template = report->template;
    char date[DATE_TEXT_BYTES];

    date_format(clock_wall_us() / 1000000, date);
    put_line(composer, "Received: by %s (%s)", composer->config->myhostname, composer->config->mail_name);
    put_line(composer, "\tid %s; %s", intake_queue_id(composer->message), date);
    put_line(composer, "Date: %s", date);
    put_from(composer);
    put_line(composer, "Subject: %s", report->to_postmaster && template->postmaster_subject != NULL
        ? template->postmaster_subject : template->subject);
    put_line(composer, "To: %s", quoted(composer, report->recipient));
    put_thread(composer);
    put_line(composer, "Auto-Submitted: %s", *report->sender == '\0' ? "auto-replied" : "auto-generated");
    put_line(composer, "MIME-Version: 1.0");
    put_line(composer, "Content-Type: multipart/report; report-type=delivery-status;");
    put_line(composer, "\tboundary=\"%s\"", composer->boundary);
    put_line(composer, "Content-Transfer-Encoding: 8bit");
    put_line(composer, "%s", "");
    put_line(composer, "This is a MIME-encapsulated message.");
}

static void put_recipient_text(struct composer *composer, const struct agent_target *target)
{
    const struct recipient *recipient = &target->recipient;
    struct str text = {0};

    str_printf(&text, "<%s>", quoted(composer, recipient->address));
    if (*recipient->original != '\0' && !text_equal_nocase(recipient->original, recipient->address))
        str_printf(&text, " (expanded from <%s>)", quoted(composer, recipient->original));
    str_printf(&text, ": %s", target->why);
    put_line(composer, "%s", "");
    put_wrapped(composer, str_text(&text));
    str_free(&text);
}

static void put_template_text(struct composer *composer)
{
    struct str text = {0};
    struct str why = {0};
    const char *at;

    if (!template_expand(composer->config, composer->report->template, &text, &why))
        log_warning("%s", str_text(&why));
    for (at = str_text(&text); *at != '\0';) {
        size_t length = strcspn(at, "\n");
        put_line(composer, "%.*s", (int)length, at);
        at += length + (at[length] == '\n' ? 1 : 0);
    }
    str_free(&why);
    str_free(&text);
}

static void put_notification(struct composer *composer)
{
    const struct order *order = composer->order;

    put_line(composer, "%s", "");
    put_line(composer, "--%s", composer->boundary);
    put_line(composer, "Content-Description: Notification");
    put_line(composer, "Content-Type: text/plain; charset=%s",
        composer->config->smtputf8_enable ? "utf-8" : composer->report->template->charset);
    put_line(composer, "Content-Transfer-Encoding: 8bit");
    put_line(composer, "%s", "");
    if (!composer->report->to_postmaster)
        put_template_text(composer);
    for (size_t i = 0; i < order->target_count; i++) {
        if (composer->report->concerns(&order->targets[i]))
            put_recipient_text(composer, &order->targets[i]);
    }
}

/* --- message/delivery-status --- */

/* ENVID is xtext on the wire (RFC 3461 section 4): +41 stands for A. */
static void put_envid(struct composer *composer)
{
    struct str text = {0};

    xtext_decode(&text, composer->order->envelope.envid);
    if (text.length > 0)
        put_line(composer, "Original-Envelope-Id: %s", str_text(&text));
    str_free(&text);
}

static const char *utf8_type(struct composer *composer, const char *address)
{
    return composer->config->smtputf8_enable && !text_is_ascii(address) ? "utf-8" : "rfc822";
}

static const char *original_sender(struct composer *composer)
{
    const char *sender = composer->order->envelope.sender;

    return *sender != '\0' ? quoted(composer, sender)
        : arena_printf(composer->order->arena, "MAILER-DAEMON@%s", composer->config->myhostname);
}

static void put_message_fields(struct composer *composer)
{
    const struct order *order = composer->order;
    const char *name = composer->config->mail_name;
    const char *sender = original_sender(composer);
    char date[DATE_TEXT_BYTES];

    put_line(composer, "Reporting-MTA: dns; %s", composer->config->myhostname);
    put_envid(composer);
    put_line(composer, "X-%s-Queue-ID: %s", name, order->queue_id);
    put_line(composer, "X-%s-Sender: %s; %s", name, utf8_type(composer, sender), sender);
    put_line(composer, "Arrival-Date: %s", date_format(order->envelope.arrival_us / 1000000, date));
}

static void put_labelled(struct composer *composer, const char *label, const char *type, const char *text)
{
    const char *whole = arena_printf(composer->order->arena, "%s: %s; %s", label, type, text);

    put_wrapped(composer, whole);
}

static void put_original_recipient(struct composer *composer, const char *dsn_orcpt)
{
    struct str text = {0};

    if ((composer->order->envelope.flags & ENVELOPE_SMTPUTF8) && text_starts_with_nocase(dsn_orcpt, "utf-8;"))
        xtext_decode_utf8(&text, dsn_orcpt);
    else
        xtext_decode(&text, dsn_orcpt);
    put_line(composer, "Original-Recipient: %s", str_text(&text));
    str_free(&text);
}

static void put_recipient_fields(struct composer *composer, const struct agent_target *target)
{
    const struct recipient *recipient = &target->recipient;
    const char *address = quoted(composer, recipient->address);
    struct arena *arena = composer->order->arena;
    char date[DATE_TEXT_BYTES];

    put_line(composer, "%s", "");
    put_line(composer, "Final-Recipient: %s; %s", utf8_type(composer, address), address);
    if (*recipient->dsn_orcpt != '\0')
        put_original_recipient(composer, recipient->dsn_orcpt);
    else if (*recipient->original != '\0' && !text_equal_nocase(recipient->original, target->recipient.address))
        put_line(composer, "Original-Recipient: rfc822;%s", quoted(composer, recipient->original));
    put_line(composer, "Action: %s", target->action);
    put_line(composer, "Status: %s", target->status);
    if (*target->remote_mta != '\0')
        put_line(composer, "Remote-MTA: %s", target->remote_mta);
    if (*target->diagnostic != '\0')
        put_labelled(composer, "Diagnostic-Code", target->diagnostic_type, target->diagnostic);
    else
        put_labelled(composer, "Diagnostic-Code", arena_printf(arena, "X-%s", composer->config->mail_name),
            target->why);
    if (composer->report->retry_until_s != 0)
        put_line(composer, "Will-Retry-Until: %s", date_format(composer->report->retry_until_s, date));
}

static void put_delivery_status(struct composer *composer)
{
    const struct order *order = composer->order;

    put_line(composer, "%s", "");
    put_line(composer, "--%s", composer->boundary);
    put_line(composer, "Content-Description: Delivery report");
    bool global = composer->order->envelope.flags & ENVELOPE_SMTPUTF8;
    put_line(composer, "Content-Type: message/%sdelivery-status", global ? "global-" : "");
    if (global)
        put_line(composer, "Content-Transfer-Encoding: 8bit");
    put_line(composer, "%s", "");
    put_message_fields(composer);
    for (size_t i = 0; i < order->target_count; i++) {
        if (composer->report->concerns(&order->targets[i]))
            put_recipient_fields(composer, &order->targets[i]);
    }
}

/* --- the original --- */

static void put_content(struct composer *composer)
{
    struct message_lines lines;
    struct message_file file = composer->order->file;
    const char *line;
    size_t length;
    bool whole;

    if (composer->report->headers_only)
        file.has_body = false;
    message_lines_start(&lines, composer->order->content, &file);
    while (message_lines_next(&lines, &line, &length, LINE_BYTES_MAX, &whole))
        intake_text(composer->message, line, length, whole);
    message_lines_stop(&lines);
}

static void put_original(struct composer *composer)
{
    const struct report *report = composer->report;
    bool global = composer->order->envelope.flags & ENVELOPE_SMTPUTF8;

    if (!composer->order->file.complete) /* its file couldn't be read: the report goes without */
        return;
    put_line(composer, "%s", "");
    put_line(composer, "--%s", composer->boundary);
    put_line(composer, "Content-Description: %s%s", report->original_label, report->headers_only ? " Headers" : "");
    if (report->headers_only)
        put_line(composer, "Content-Type: %s", global ? "message/global-headers" : "text/rfc822-headers");
    else
        put_line(composer, "Content-Type: message/%s", global ? "global" : "rfc822");
    put_line(composer, "Content-Transfer-Encoding: 8bit");
    put_line(composer, "%s", "");
    put_line(composer, "Return-Path: <%s>", original_sender(composer));
    put_content(composer);
}

bool report_send(const struct config *config, struct intake *intake, struct order *order, const struct report *report,
    const char **queue_id, struct verdict *why)
{
    struct composer composer = { .config = config, .order = order, .report = report };
    struct intake_begin begin = {
        .service = "cleanup",
        .options = postmaster_notice_options(config, "bounce"),
        .envelope_flags = ENVELOPE_IS_BOUNCE
            | (order->envelope.flags & (ENVELOPE_SMTPUTF8 | ENVELOPE_UTF8_HEADER | ENVELOPE_UTF8_ADDRESS)),
        .trace_id = envelope_attribute(&order->envelope, ATTRIBUTE_TRACE_ID),
        .origin = "internal",
    };
    struct recipient recipient = { .address = report->recipient, .original = report->recipient, .dsn_orcpt = "",
        .notify = *report->sender == '\0' ? 0 : NOTIFY_NEVER };

    composer.message = intake_begin(intake, &begin, why);
    if (composer.message == NULL)
        return false;
    *queue_id = arena_copy_text(order->arena, intake_queue_id(composer.message));
    composer.boundary = arena_printf(order->arena, "%s.%lld/%s", *queue_id,
        (long long)(clock_wall_us() / 1000000), config->myhostname);
    intake_sender(composer.message, report->sender, "", RET_UNSET);
    intake_recipient(composer.message, &recipient);
    put_header(&composer);
    put_notification(&composer);
    put_delivery_status(&composer);
    put_original(&composer);
    put_line(&composer, "%s", "");
    put_line(&composer, "--%s--", composer.boundary);
    str_free(&composer.line);
    return intake_end(composer.message, why);
}
