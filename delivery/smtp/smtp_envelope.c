#include "delivery/smtp/smtp_envelope.h"

#include <string.h>

#include "delivery/smtp/smtp_generic.h"
#include "util/base/text.h"
#include "util/mail/address.h"
#include "util/mail/xtext.h"

enum { UTF8_FLAGS = ENVELOPE_UTF8_HEADER | ENVELOPE_UTF8_ADDRESS };

/* What the client or the content says about 8-bit data. */
enum body { BODY_UNKNOWN, BODY_7BIT, BODY_8BIT };

static enum body body_of(const struct envelope *envelope)
{
    const char *encoding = envelope_attribute(envelope, ATTRIBUTE_ENCODING);

    if (text_equal(encoding, "8bit") || (envelope->flags & ENVELOPE_CONTENT_NULL_8))
        return BODY_8BIT;
    return text_equal(encoding, "7bit") || (envelope->flags & ENVELOPE_CONTENT_7BIT) ? BODY_7BIT : BODY_UNKNOWN;
}

bool smtp_envelope_is_encoded(const struct smtp_delivery *delivery)
{
    return !delivery->client->config->disable_mime_output_conversion && !(delivery->session->can & SMTP_CAN_8BITMIME)
        && body_of(&delivery->order->envelope) != BODY_7BIT;
}

bool smtp_envelope_map(struct smtp_delivery *delivery)
{
    struct smtp_generic *generic = delivery->client->generic;
    struct order *order = delivery->order;
    struct str mapped = {0};
    enum table_result result = TABLE_ABSENT;

    delivery->sender = order->envelope.sender;
    delivery->addresses = arena_allocate(order->arena, (order->target_count + 1) * sizeof(*delivery->addresses));
    for (size_t i = 0; i < order->target_count; i++)
        delivery->addresses[i] = order->targets[i].recipient.address;
    if (smtp_generic_is_empty(generic))
        return true;
    for (size_t i = 0; i <= order->target_count && result != TABLE_FAILED; i++) {
        const char **address = i == 0 ? &delivery->sender : &delivery->addresses[i - 1];
        result = smtp_generic_map(generic, *address, &mapped);
        if (result == TABLE_FOUND)
            *address = arena_copy_text(order->arena, str_text(&mapped));
    }
    str_free(&mapped);
    return result != TABLE_FAILED;
}

static bool wants_utf8(const struct smtp_delivery *delivery)
{
    return delivery->client->config->smtputf8_enable
        && (delivery->order->envelope.flags & ENVELOPE_SMTPUTF8) != 0;
}

bool smtp_envelope_fits(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    const struct envelope *envelope = &delivery->order->envelope;

    if ((session->can & SMTP_CAN_SIZE) && session->size_limit > 0 && envelope->size_bytes > session->size_limit) {
        smtp_delivery_fail(delivery, SMTP_BLAME_MESSAGE, 552, "5.3.4",
            "message size %llu exceeds size limit %llu of server %s", (unsigned long long)envelope->size_bytes,
            (unsigned long long)session->size_limit, session->host);
        smtp_session_close(session); /* without QUIT, as Postfix does */
        delivery->session = NULL;
        return false;
    }
    if (wants_utf8(delivery) && (envelope->flags & UTF8_FLAGS) && !(session->can & SMTP_CAN_SMTPUTF8)) {
        smtp_delivery_fail(delivery, SMTP_BLAME_MESSAGE, 550, "5.6.7",
            "SMTPUTF8 is required, but was not offered by host %s", session->host);
        smtp_session_quit(session);
        delivery->session = NULL;
        return false;
    }
    return true;
}

/* As the server wants it: quoted where RFC 5321 says so. */
static void put_path(struct smtp_delivery *delivery, const char *address, struct str *out)
{
    str_put_char(out, '<');
    if (delivery->client->config->smtp_quote_rfc821_envelope)
        address_quote(address, out);
    else
        str_put(out, address);
    str_put_char(out, '>');
}

void smtp_envelope_put_mail(struct smtp_delivery *delivery)
{
    struct smtp_session *session = delivery->session;
    const struct envelope *envelope = &delivery->order->envelope;
    struct str command = {0};
    enum body body = body_of(envelope);

    str_put(&command, "MAIL FROM:");
    put_path(delivery, delivery->sender, &command);
    if ((session->can & SMTP_CAN_SIZE) && !smtp_envelope_is_encoded(delivery)) /* else the size isn't known yet */
        str_printf(&command, " SIZE=%llu", (unsigned long long)envelope->size_bytes);
    if ((session->can & SMTP_CAN_8BITMIME) && body != BODY_UNKNOWN)
        str_put(&command, body == BODY_8BIT ? " BODY=8BITMIME" : " BODY=7BIT");
    if (session->can & SMTP_CAN_DSN) {
        if (*envelope->envid != '\0')
            str_printf(&command, " ENVID=%s", envelope->envid);
        if (envelope->ret != RET_UNSET)
            str_put(&command, envelope->ret == RET_FULL ? " RET=FULL" : " RET=HDRS");
    }
    if ((session->can & SMTP_CAN_SMTPUTF8) && wants_utf8(delivery))
        str_put(&command, " SMTPUTF8");
    if (session->logged_in && delivery->client->config->smtp_send_dummy_mail_auth)
        str_put(&command, " AUTH=<>");
    smtp_session_command(session, "%s", str_text(&command));
    str_free(&command);
}

static void put_original(const struct recipient *recipient, struct str *command)
{
    static const char utf8[] = "utf-8;";
    struct str external = {0};

    if (text_starts_with_nocase(recipient->dsn_orcpt, utf8)) { /* in ASCII, since the server needn't know SMTPUTF8 */
        xtext_decode_utf8(&external, recipient->dsn_orcpt + strlen(utf8));
        str_printf(command, " ORCPT=%s", utf8);
        xtext_put_utf8(command, str_text(&external));
        str_free(&external);
        return;
    }
    if (*recipient->dsn_orcpt != '\0') {
        str_printf(command, " ORCPT=%s", recipient->dsn_orcpt);
        return;
    }
    if (*recipient->original == '\0')
        return;
    address_quote(recipient->original, &external);
    str_put(command, " ORCPT=rfc822;");
    xtext_put(command, str_text(&external));
    str_free(&external);
}

static void put_notify(uint32_t notify, struct str *command)
{
    static const struct {
        uint32_t bit;
        const char *word;
    } words[] = { { NOTIFY_SUCCESS, "SUCCESS" }, { NOTIFY_FAILURE, "FAILURE" }, { NOTIFY_DELAY, "DELAY" } };
    const char *separator = " NOTIFY=";

    if (notify & NOTIFY_NEVER) {
        str_put(command, " NOTIFY=NEVER");
        return;
    }
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!(notify & words[i].bit))
            continue;
        str_printf(command, "%s%s", separator, words[i].word);
        separator = ",";
    }
}

void smtp_envelope_put_recipient(struct smtp_delivery *delivery, const struct agent_target *target)
{
    struct smtp_session *session = delivery->session;
    struct str command = {0};

    str_put(&command, "RCPT TO:");
    put_path(delivery, delivery->addresses[target - delivery->order->targets], &command);
    if (session->can & SMTP_CAN_DSN) {
        put_original(&target->recipient, &command);
        put_notify(target->recipient.notify, &command);
    }
    smtp_session_command(session, "%s", str_text(&command));
    str_free(&command);
}
