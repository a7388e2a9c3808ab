#include "qmgr/intake/milter/milter_internal.h"

#include "qmgr/intake/milter/milter_apply.h"
#include "qmgr/intake/milter/milter_content.h"
#include "qmgr/intake/milter/milter_list.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"

struct conversation {
    struct intake_message *message;
    struct milter_list *list;
    const char *sender;    /* both as commands write them, without brackets */
    const char *recipient; /* the present one; NULL: none */
    bool is_greeted;       /* the sender is known from then on */
};

bool milter_internal_applies_to(const struct intake_message *message)
{
    const struct intake *intake = message->intake;

    if ((message->options & (INTAKE_SMTP | INTAKE_NO_MILTERS)) || *intake->config->non_smtpd_milters == '\0')
        return false;
    return text_equal(intake->service, "pickup") || (message->options & INTAKE_FILTER_INTERNAL);
}

static const char *quoted(struct intake_message *message, const char *address)
{
    struct str text = {0};

    address_quote(address, &text);
    const char *kept = arena_copy_text(message->arena, str_text(&text));
    str_free(&text);
    return kept;
}

static const char *macro_value(void *context, const char *name)
{
    const struct conversation *conversation = context;
    const struct intake_message *message = conversation->message;
    const struct config *config = message->intake->config;
    const struct {
        const char *name;
        const char *value;
    } rows[] = {
        { "i", message->queue_id },
        { "j", config->myhostname },
        { "v", config->milter_macro_v },
        { "_", "localhost [127.0.0.1]" },
        { "{daemon_name}", config->milter_macro_daemon_name },
        { "{daemon_addr}", "127.0.0.1" },
        { "{daemon_port}", "0" },
        { "{client_addr}", "127.0.0.1" },
        { "{client_name}", "localhost" },
        { "{client_ptr}", "localhost" },
        { "{client_port}", "0" },
        { "{mail_addr}", conversation->is_greeted ? conversation->sender : NULL },
        { "{rcpt_addr}", conversation->recipient },
        { "{auth_authen}", envelope_attribute(&message->envelope, ATTRIBUTE_SASL_USERNAME) },
        { "{auth_type}", envelope_attribute(&message->envelope, ATTRIBUTE_SASL_METHOD) },
        { "{auth_author}", envelope_attribute(&message->envelope, ATTRIBUTE_SASL_SENDER) },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (text_equal(rows[i].name, name))
            return i >= COUNT_OF(rows) - 3 && *rows[i].value == '\0' ? NULL : rows[i].value;
    }
    return NULL;
}

/* Nobody is there to hear that one recipient is refused: the message stays where it is until the filter is set right. */
static void refuse_recipient(struct intake_message *message, const char *recipient, const struct milter_decision *decision)
{
    const char *kept = message->last_recipient;
    uint32_t options = message->options;

    message->last_recipient = recipient;
    message->options &= ~(uint32_t)INTAKE_BOUNCE_REJECTED;
    struct milter_decision temporary = *decision;
    (void)milter_apply(message, "RCPT", &temporary); /* it is a refusal */
    message->failure = (struct verdict){0};
    log_warning("%s: milter configuration error: can't reject recipient in non-smtpd(8) submission", message->queue_id);
    log_warning("%s: message not accepted, try again later", message->queue_id);
    state_fail(message, VERDICT(451, "4.3.5", "Server configuration problem - try again later"));
    message->options = options;
    message->last_recipient = kept;
}

static bool show_recipients(struct conversation *conversation)
{
    struct intake_message *message = conversation->message;

    for (size_t i = 0; i < message->named_count; i++) {
        conversation->recipient = quoted(message, message->named[i]);
        struct milter_decision decision = milter_list_rcpt(conversation->list, &conversation->recipient, 1);
        if (decision.outcome == MILTER_REFUSE) {
            refuse_recipient(message, message->named[i], &decision);
            return false;
        }
        if (!milter_apply(message, "RCPT", &decision))
            return false;
    }
    return true;
}

static bool show_start(struct conversation *conversation)
{
    struct intake_message *message = conversation->message;
    const char *last_recipient = message->last_recipient;

    message->last_recipient = NULL; /* the log names none yet */
    struct milter_decision decision = milter_list_connect(conversation->list, "localhost", "127.0.0.1", "0");
    bool go_on = milter_apply(message, "CONNECT", &decision);
    if (go_on) {
        decision = milter_list_helo(conversation->list, "localhost");
        go_on = milter_apply(message, "EHLO", &decision);
    }
    if (go_on) {
        conversation->is_greeted = true;
        decision = milter_list_mail(conversation->list, &conversation->sender, 1);
        go_on = milter_apply(message, "MAIL", &decision);
    }
    message->last_recipient = last_recipient;
    return go_on;
}

void milter_internal_run(struct intake_message *message)
{
    struct conversation conversation = { .message = message, .sender = quoted(message, message->envelope.sender) };
    const struct milter_macros macros = { .value = macro_value, .context = &conversation };

    conversation.list = milter_list_open(message->intake->config, message->intake->config->non_smtpd_milters, &macros);
    if (conversation.list == NULL)
        return;
    if (show_start(&conversation) && show_recipients(&conversation)) {
        struct milter_decision decision = milter_list_data(conversation.list);
        if (milter_apply(message, "DATA", &decision))
            milter_content_run(message, conversation.list);
    }
    milter_list_close(conversation.list);
}
