#include "delivery/smtp/smtp_transaction.h"

#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "delivery/smtp/smtp_content.h"
#include "delivery/smtp/smtp_envelope.h"
#include "util/base/text.h"

/* Commands in flight at most, so that neither side's buffers fill up while both write. */
enum { PIPELINE_BATCH = 100 };

struct transaction {
    struct smtp_delivery *delivery;
    struct agent_target **targets; /* those that were left */
    size_t count;
    bool *accepted;
    size_t accepted_count;
    bool verify;
    bool mail_failed;
    bool data_open;   /* the server waits for content */
    bool quit_sent;
    bool stale;
};

static int compare_targets(const void *left, const void *right)
{
    const struct agent_target *const *first = left;
    const struct agent_target *const *second = right;

    return strcasecmp((*first)->recipient.address, (*second)->recipient.address);
}

/* In the order of their addresses, as servers are used to. */
static void collect_targets(struct transaction *transaction)
{
    struct order *order = transaction->delivery->order;

    transaction->targets = arena_allocate(order->arena, order->target_count * sizeof(*transaction->targets));
    transaction->accepted = arena_allocate(order->arena, order->target_count * sizeof(*transaction->accepted));
    for (size_t i = 0; i < order->target_count; i++) {
        if (!order->targets[i].reported)
            transaction->targets[transaction->count++] = &order->targets[i];
    }
    qsort(transaction->targets, transaction->count, sizeof(*transaction->targets), compare_targets);
}

/* --- commands: RSET (number 0, if wanted), MAIL, each RCPT, DATA --- */

static void put_command(struct transaction *transaction, size_t number)
{
    struct smtp_delivery *delivery = transaction->delivery;

    if (number == 0)
        smtp_session_command(delivery->session, "RSET");
    else if (number == 1)
        smtp_envelope_put_mail(delivery);
    else if (number < transaction->count + 2)
        smtp_envelope_put_recipient(delivery, transaction->targets[number - 2]);
    else
        smtp_session_command(delivery->session, "DATA");
}

static bool lost(struct transaction *transaction)
{
    if (!transaction->mail_failed)
        smtp_delivery_fail_stream(transaction->delivery);
    return false;
}

static bool read_reset(struct transaction *transaction)
{
    struct smtp_session *session = transaction->delivery->session;

    smtp_session_begin(session, transaction->delivery->client->config->smtp_rset_timeout, "sending RSET");
    transaction->stale = !smtp_session_read_reply(session) || smtp_reply_class(&session->reply) != 2;
    return !transaction->stale;
}

static bool read_mail(struct transaction *transaction)
{
    struct smtp_session *session = transaction->delivery->session;

    smtp_session_begin(session, transaction->delivery->client->config->smtp_mail_timeout, "sending MAIL FROM");
    if (!smtp_session_read_reply(session))
        return lost(transaction);
    if (smtp_reply_class(&session->reply) != 2) {
        smtp_delivery_fail_reply(transaction->delivery, "MAIL FROM");
        transaction->mail_failed = true;
    }
    return true;
}

static bool read_recipient(struct transaction *transaction, size_t index)
{
    struct smtp_delivery *delivery = transaction->delivery;
    struct smtp_session *session = delivery->session;
    struct agent_target *target = transaction->targets[index];

    smtp_session_begin(session, delivery->client->config->smtp_rcpt_timeout, "sending RCPT TO");
    if (!smtp_session_read_reply(session))
        return lost(transaction);
    if (transaction->mail_failed)
        return true;
    if (smtp_reply_class(&session->reply) != 2) {
        smtp_delivery_fail_recipient(delivery, target, "RCPT TO");
        return true;
    }
    transaction->accepted[index] = true;
    transaction->accepted_count++;
    if (transaction->verify) {
        char buffer[12];
        struct arena *arena = delivery->order->arena;
        struct str text = {0};
        smtp_reply_put_text(&session->reply, &text);
        smtp_delivery_succeed(delivery, target, arena_copy_text(arena, smtp_reply_status(&session->reply, buffer)),
            arena_copy_text(arena, str_text(&text)));
        str_free(&text);
    }
    return true;
}

static bool read_data(struct transaction *transaction)
{
    struct smtp_session *session = transaction->delivery->session;

    smtp_session_begin(session, transaction->delivery->client->config->smtp_data_init_timeout, "sending DATA command");
    if (!smtp_session_read_reply(session))
        return lost(transaction);
    transaction->data_open = smtp_reply_class(&session->reply) == 3;
    if (!transaction->data_open && !transaction->mail_failed && transaction->accepted_count > 0)
        smtp_delivery_fail_reply(transaction->delivery, "DATA");
    return true;
}

static bool read_command_reply(struct transaction *transaction, size_t number)
{
    if (number == 0)
        return read_reset(transaction);
    if (number == 1)
        return read_mail(transaction);
    if (number < transaction->count + 2)
        return read_recipient(transaction, number - 2);
    return read_data(transaction);
}

/* False: the connection is lost, which was reported. */
static bool run_commands(struct transaction *transaction, bool reset)
{
    struct smtp_session *session = transaction->delivery->session;
    size_t end = transaction->count + (transaction->verify ? 2 : 3);
    size_t batch = session->can & SMTP_CAN_PIPELINE ? PIPELINE_BATCH : 1;

    for (size_t next = reset ? 0 : 1; next < end;) {
        size_t stop = next + batch < end ? next + batch : end;
        if (transaction->mail_failed || (next == transaction->count + 2 && transaction->accepted_count == 0))
            return true;
        for (size_t i = next; i < stop; i++)
            put_command(transaction, i);
        for (size_t i = next; i < stop; i++) {
            if (!read_command_reply(transaction, i))
                return false;
        }
        next = stop;
    }
    return true;
}

/* --- content and final replies --- */

static void read_verdict(struct transaction *transaction, struct agent_target *only)
{
    struct smtp_delivery *delivery = transaction->delivery;
    struct smtp_session *session = delivery->session;
    struct arena *arena = delivery->order->arena;
    char buffer[12];

    if (smtp_reply_class(&session->reply) != 2) {
        if (only == NULL)
            smtp_delivery_fail_reply(delivery, "end of DATA");
        else
            smtp_delivery_fail_recipient(delivery, only, "end of DATA");
        return;
    }
    struct str text = {0};
    smtp_reply_put_text(&session->reply, &text);
    const char *status = arena_copy_text(arena, smtp_reply_status(&session->reply, buffer));
    const char *reply = arena_copy_text(arena, str_text(&text));
    str_free(&text);
    for (size_t i = 0; i < transaction->count; i++) {
        if (transaction->accepted[i] && (only == NULL || only == transaction->targets[i]))
            smtp_delivery_succeed(delivery, transaction->targets[i], status, reply);
    }
}

/* SMTP has one reply for all, LMTP one for each accepted recipient. */
static void read_verdicts(struct transaction *transaction)
{
    struct smtp_delivery *delivery = transaction->delivery;
    int64_t timeout_s = delivery->client->config->smtp_data_done_timeout;

    for (size_t i = 0; i < transaction->count; i++) {
        struct agent_target *only = delivery->client->lmtp ? transaction->targets[i] : NULL;
        if (only != NULL && !transaction->accepted[i])
            continue;
        smtp_session_begin(delivery->session, timeout_s, "sending end of data -- message may be sent more than once");
        if (!smtp_session_read_reply(delivery->session)) {
            smtp_delivery_fail_stream(delivery);
            return;
        }
        read_verdict(transaction, only);
        if (only == NULL)
            return;
    }
}

/* The final dot; with it QUIT, if the session ends here and the server takes both at once. */
static void put_end_of_data(struct transaction *transaction, bool keep)
{
    struct smtp_session *session = transaction->delivery->session;
    const struct config *config = transaction->delivery->client->config;

    if (session->pix) {
        (void)stream_flush(session->stream); /* a failure shows with the reply */
        (void)sleep((unsigned)config->smtp_pix_workaround_delay_time); /* an early return does no harm */
    }
    smtp_session_put_line(session, ".");
    if (!keep && (session->can & SMTP_CAN_PIPELINE) && !session->pix) {
        smtp_session_put_line(session, "QUIT");
        transaction->quit_sent = true;
    }
}

static void send_content(struct transaction *transaction, bool keep)
{
    struct smtp_delivery *delivery = transaction->delivery;
    struct smtp_session *session = delivery->session;

    smtp_session_begin(session, delivery->client->config->smtp_data_xfer_timeout, "sending message body");
    switch (smtp_content_send(delivery)) {
    case SMTP_CONTENT_SENT:
        break;
    case SMTP_CONTENT_LOST:
        smtp_delivery_fail_stream(delivery);
        return;
    case SMTP_CONTENT_TABLE_FAILED:
        session->must_close = true;
        transaction->quit_sent = true;
        smtp_delivery_fail_data(delivery, SMTP_BLAME_MESSAGE);
        return;
    case SMTP_CONTENT_UNREADABLE: /* without the final dot the server forgets what it got */
        session->must_close = true;
        transaction->quit_sent = true;
        smtp_delivery_fail(delivery, SMTP_BLAME_MESSAGE, 450, "4.3.0", "unreadable mail queue entry");
        return;
    }
    put_end_of_data(transaction, keep);
    read_verdicts(transaction);
}

/* Nobody is left to get content that the server waits for: an empty message, whose fate is of no interest. */
static void send_nothing(struct transaction *transaction, bool keep)
{
    struct smtp_session *session = transaction->delivery->session;

    if (transaction->delivery->client->lmtp) {
        session->must_close = true; /* how many replies would follow is anybody's guess: neither dot nor QUIT */
        transaction->quit_sent = true;
        return;
    }
    smtp_session_begin(session, transaction->delivery->client->config->smtp_data_done_timeout, "sending end of data");
    put_end_of_data(transaction, keep);
    (void)smtp_session_read_reply(session); /* a failure shows in the session's state */
}

static void abandon(struct transaction *transaction, bool keep)
{
    struct smtp_session *session = transaction->delivery->session;

    if (keep && !session->must_close)
        return; /* the next use begins with RSET */
    smtp_session_begin(session, transaction->delivery->client->config->smtp_rset_timeout, "sending RSET");
    smtp_session_command(session, "RSET");
    if (session->can & SMTP_CAN_PIPELINE) {
        smtp_session_put_line(session, "QUIT");
        transaction->quit_sent = true;
    }
    (void)smtp_session_read_reply(session); /* a failure shows in the session's state */
}

/* --- the end --- */

static void end_session(struct transaction *transaction, bool keep)
{
    struct smtp_delivery *delivery = transaction->delivery;
    struct smtp_session *session = delivery->session;

    if (!smtp_session_failed(session) && keep && !session->must_close && !transaction->quit_sent)
        return;
    delivery->session = NULL;
    if (smtp_session_failed(session) || transaction->stale) {
        smtp_session_close(session);
    } else if (transaction->quit_sent) {
        if (!delivery->client->config->smtp_skip_quit_response && !session->must_close) {
            smtp_session_begin(session, delivery->client->config->smtp_quit_timeout, "sending QUIT");
            (void)smtp_session_read_reply(session); /* nothing depends on it */
        }
        smtp_session_close(session);
    } else {
        smtp_session_quit(session);
    }
}

void smtp_transaction_run(struct smtp_delivery *delivery, bool reset, bool keep, bool *stale)
{
    struct transaction transaction = {
        .delivery = delivery,
        .verify = text_equal(delivery->order->kind, "verify")
            && !text_equal(delivery->client->config->smtp_address_verify_target, "data"),
    };

    collect_targets(&transaction);
    if (run_commands(&transaction, reset)) {
        if (transaction.data_open && transaction.accepted_count > 0 && !transaction.mail_failed
            && !text_equal(delivery->order->kind, "verify"))
            send_content(&transaction, keep);
        else if (transaction.data_open)
            send_nothing(&transaction, keep);
        else
            abandon(&transaction, keep);
    }
    *stale = transaction.stale;
    end_session(&transaction, keep);
}
