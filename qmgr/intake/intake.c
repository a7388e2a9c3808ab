#include "qmgr/intake/intake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "qmgr/intake/checks.h"
#include "qmgr/intake/content.h"
#include "qmgr/intake/drop.h"
#include "qmgr/intake/mapping.h"
#include "qmgr/intake/milter/milter_content.h"
#include "qmgr/intake/milter/milter_envelope.h"
#include "qmgr/intake/milter/milter_internal.h"
#include "qmgr/intake/place.h"
#include "qmgr/intake/recipients.h"
#include "qmgr/intake/state.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"

/* Longer waits for the queue manager than this would outlast every SMTP client (RFC 5321 section 4.5.3.2.6: ten minutes). */
enum { TIMEOUT_S_MAX = 300 };

struct intake *intake_open(const struct config *cleanup, const struct config *rewrite, const char *socket_path,
    const char *service)
{
    struct intake *intake = memory_new(struct intake);
    int64_t timeout_s = cleanup->ipc_timeout < TIMEOUT_S_MAX ? cleanup->ipc_timeout : TIMEOUT_S_MAX;

    intake->config = cleanup;
    intake->rewrite = rewrite;
    intake->service = memory_copy_text(service);
    intake->place = place_open(socket_path, service, (long)timeout_s);
    struct str tag = {0};
    str_printf(&tag, "%s/cleanup", cleanup->syslog_name);
    intake->log_service = str_take(&tag);
    const char *previous = log_set_service(intake->log_service); /* whose tables they are */
    intake->mapping = mapping_open(cleanup, rewrite);
    intake->checks = checks_open(cleanup);
    log_set_service(previous);
    return intake;
}

struct intake *intake_open_drop(const struct config *config, const char *service)
{
    struct intake *intake = memory_new(struct intake);

    intake->config = config;
    intake->rewrite = config;
    intake->service = memory_copy_text(service);
    intake->log_service = memory_copy_text(service);
    intake->drops = true;
    return intake;
}

static void message_free(struct intake_message *message)
{
    if (message == NULL)
        return;
    fd_close(&message->content_fd);
    writer_release(&message->writer);
    str_free(&message->body_line);
    content_free(message->content);
    arena_free(message->arena);
    free(message);
}

void intake_close(struct intake *intake)
{
    if (intake == NULL)
        return;
    message_free(intake->free_message);
    if (!intake->drops) {
        place_close(intake->place);
        mapping_close(intake->mapping);
        checks_close(intake->checks);
    }
    str_free(&intake->reply);
    free(intake->service);
    free(intake->log_service);
    free(intake);
}

bool intake_tables_have_changed(struct intake *intake)
{
    return !intake->drops && (mapping_has_changed(intake->mapping) || checks_have_changed(intake->checks));
}

bool intake_flush_site(struct intake *intake, const char *site)
{
    return !intake->drops && place_flush_site(intake->place, site);
}

void intake_prefetch(struct intake *intake)
{
    if (!intake->drops)
        place_prefetch(intake->place);
}

/* A message structure with its buffers: the one kept, or a new one. */
static struct intake_message *message_new(struct intake *intake)
{
    struct intake_message *message = intake->free_message;

    if (message == NULL) {
        message = memory_new(struct intake_message);
        message->arena = arena_new();
        message->content = content_new();
    }
    intake->free_message = NULL;
    struct intake_message fresh = { .intake = intake, .arena = message->arena, .content = message->content,
        .content_fd = -1 };
    fresh.writer.buffer = message->writer.buffer;
    fresh.body_line = message->body_line;
    str_clear(&fresh.body_line);
    *message = fresh;
    return message;
}

static void message_release(struct intake_message *message)
{
    struct intake *intake = message->intake;

    fd_close(&message->content_fd);
    if (intake->free_message != NULL) {
        message_free(message);
        return;
    }
    arena_reset(message->arena);
    intake->free_message = message;
}

static const char *copy_or_null(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy_text(arena, text);
}

/* Its place in the queue, or its way to postdrop. */
static bool find_place(struct intake_message *message, struct verdict *why)
{
    struct intake *intake = message->intake;
    struct verdict refusal;
    const char *queue_id;

    if (intake->drops)
        return drop_begin(message, why);
    if (!place_take(intake->place, &queue_id, &message->content_fd, &refusal)) {
        str_set(&intake->reply, refusal.text);
        *why = refusal;
        why->text = str_text(&intake->reply);
        return false;
    }
    memcpy(message->queue_id, queue_id, strlen(queue_id) + 1);
    return true;
}

struct intake_message *intake_begin(struct intake *intake, const struct intake_begin *begin, struct verdict *why)
{
    struct intake_message *message = message_new(intake);
    struct arena *arena = message->arena;

    if (!find_place(message, why)) {
        message_release(message);
        return NULL;
    }
    message->options = begin->options;
    message->service = begin->service == NULL ? "cleanup" : arena_copy_text(arena, begin->service);
    message->log_service = text_equal(message->service, "cleanup") ? intake->log_service : message->service;
    message->origin = arena_copy_text(arena, begin->origin == NULL ? "local" : begin->origin);
    message->helo = copy_or_null(arena, begin->helo);
    message->protocol = copy_or_null(arena, begin->protocol);
    message->envelope = (struct envelope){ .sender = "", .envid = "", .arrival_us = clock_wall_us(),
        .flags = begin->envelope_flags | (begin->options & INTAKE_HOLD ? ENVELOPE_HOLD : 0u)
            | (begin->options & INTAKE_IS_BOUNCE ? ENVELOPE_IS_BOUNCE : 0u) };
    if (begin->trace_id != NULL && *begin->trace_id != '\0')
        envelope_set_attribute(&message->envelope, arena, ATTRIBUTE_TRACE_ID, begin->trace_id);
    message->keeps_named = milter_internal_applies_to(message);
    if (!intake->drops) {
        writer_start(&message->writer, message->content_fd);
        content_start(message);
    }
    return message;
}

const char *intake_queue_id(const struct intake_message *message)
{
    return message->queue_id;
}

void intake_sender(struct intake_message *message, const char *sender, const char *envid, enum envelope_ret ret)
{
    const char *previous = log_set_service(message->log_service);

    message->envelope.envid = envid == NULL ? "" : arena_copy_text(message->arena, envid);
    message->envelope.ret = ret;
    if (message->drop != NULL)
        message->envelope.sender = arena_copy_text(message->arena, sender);
    else
        mapping_sender(message, sender);
    log_set_service(previous);
}

void intake_attribute(struct intake_message *message, const char *name, const char *value)
{
    envelope_set_attribute(&message->envelope, message->arena, name, value);
}

void intake_hold(struct intake_message *message)
{
    message->envelope.flags |= ENVELOPE_HOLD;
}

void intake_discard(struct intake_message *message)
{
    message->discard = true;
}

void intake_redirect(struct intake_message *message, const char *address)
{
    message->redirect_to = arena_copy_text(message->arena, address);
}

void intake_bcc(struct intake_message *message, const char *address, uint32_t notify)
{
    state_want_copy(message, address, notify);
}

void intake_milters(struct intake_message *message, struct milter_list *milters)
{
    message->milters = milters;
}

void intake_recipient(struct intake_message *message, const struct recipient *recipient)
{
    const char *previous = log_set_service(message->log_service);

    if (message->drop != NULL)
        recipients_keep(message, recipient);
    else
        recipients_add(message, recipient);
    log_set_service(previous);
}

void intake_text(struct intake_message *message, const char *bytes, size_t length, bool line_end)
{
    if (!state_is_healthy(message) || message->discard)
        return;
    const char *previous = log_set_service(message->log_service);
    if (message->drop != NULL)
        drop_text(message, bytes, length, line_end);
    else
        content_text(message, bytes, length, line_end);
    log_set_service(previous);
}

void intake_line(struct intake_message *message, const char *line)
{
    intake_text(message, line, strlen(line), true);
}

bool intake_is_healthy(const struct intake_message *message)
{
    return state_is_healthy(message);
}

bool intake_is_oversized(const struct intake_message *message, uint64_t besides)
{
    uint64_t kept = message->writer.text_bytes + message->writer.lines;
    int64_t limit = message->intake->config->message_size_limit;

    if (limit == 0 || message->discard || (message->failure.code != 0 && message->failure.code != 552))
        return false;
    return kept + besides > (uint64_t)limit;
}

static bool is_disk_full(int error)
{
    return error == ENOSPC || error == EDQUOT;
}

static void fail_writing(struct intake_message *message, int error)
{
    log_warning("%s: write queue file: %s", message->queue_id, strerror(error));
    state_fail(message, is_disk_full(error) ? VERDICT(452, "4.3.1", "Error: insufficient system storage")
        : error == EFBIG ? VERDICT(552, "5.3.4", "Error: message file too big")
                         : VERDICT(451, "4.3.0", "Error: queue file write error"));
}

/* Whether SMTPUTF8 is to be found out for mail that came this way (smtputf8_autodetect_classes). */
static bool detects_smtputf8(const struct intake *intake)
{
    static const struct { const char *service; const char *class; } ways[] = {
        { "pickup", "sendmail" }, { "smtpd", "smtpd" }, { "qmqpd", "qmqpd" }, { "local", "forward" }, { "bounce", "bounce" },
    };
    const char *list = intake->config->smtputf8_autodetect_classes;
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        if (length == 3 && memcmp(word, "all", 3) == 0)
            return true;
        for (size_t i = 0; i < COUNT_OF(ways); i++) {
            if (text_equal(intake->service, ways[i].service) && strlen(ways[i].class) == length
                && memcmp(word, ways[i].class, length) == 0)
                return true;
        }
    }
    return false;
}

/* Flags that the content decides. */
static void describe_content(struct intake_message *message)
{
    struct envelope *envelope = &message->envelope;

    envelope->size_bytes = message->writer.text_bytes + message->writer.lines; /* as on the wire, with CRLF */
    if (message->writer.seen & 0x80)
        envelope->flags |= ENVELOPE_8BIT_BODY;
    if (message->writer.long_lines)
        envelope->flags |= ENVELOPE_LONG_LINES;
    if ((envelope->flags & (ENVELOPE_UTF8_HEADER | ENVELOPE_UTF8_ADDRESS)) && message->intake->config->smtputf8_enable
        && detects_smtputf8(message->intake))
        envelope->flags |= ENVELOPE_SMTPUTF8;
}

/* A refused message is queued for the error service, which bounces it. */
static void route_to_error(struct intake_message *message)
{
    const struct verdict *why = &message->refusal;

    if (why->code == 0)
        return;
    envelope_set_attribute(&message->envelope, message->arena, ATTRIBUTE_CONTENT_FILTER,
        arena_printf(message->arena, "error:%s %s", why->status, why->text));
    envelope_set_attribute(&message->envelope, message->arena, ATTRIBUTE_LOG_SERVICE, message->service);
    if (!message->returns_whole)
        message->envelope.ret = RET_HEADERS;
    message->envelope.flags &= ~(uint32_t)ENVELOPE_HOLD;
}

/* Puts the envelope behind the content, then the header that makes the file whole, and syncs. */
static bool write_file(struct intake_message *message, const struct str *envelope)
{
    struct writer *writer = &message->writer;

    message->file.envelope = (struct message_extent){ writer_offset(writer), envelope->length };
    writer_put_raw(writer, str_text(envelope), envelope->length);
    memcpy(message->file.queue_id, message->queue_id, sizeof(message->file.queue_id));
    if (!writer_finish(writer, &message->file)) {
        fail_writing(message, writer->error);
        return false;
    }
    if (fdatasync(message->content_fd) != 0) {
        fail_writing(message, errno);
        return false;
    }
    fd_close(&message->content_fd); /* who still had it open would keep the queue manager from using the file again */
    return true;
}

static bool commit(struct intake_message *message)
{
    struct str envelope = {0};
    struct verdict why;

    describe_content(message);
    route_to_error(message);
    envelope_encode(&message->envelope, &envelope);
    bool good = write_file(message, &envelope);
    if (good && !place_commit(message->intake->place, message->queue_id, &envelope, message->envelope.recipient_count, &why)) {
        state_fail(message, why);
        good = false;
    }
    str_free(&envelope);
    return good;
}

/* The last verdict's text outlives the message. */
static void give_verdict(struct intake_message *message, struct verdict *verdict)
{
    struct str *reply = &message->intake->reply;

    str_clear(reply);
    if (message->failure.code != 0) {
        str_put(reply, message->failure.text);
        *verdict = message->failure;
    } else {
        str_printf(reply, "Ok: queued as %s", message->queue_id);
        *verdict = VERDICT_OK;
    }
    verdict->text = str_text(reply);
}

static void show_to_milters(struct intake_message *message)
{
    if (state_is_refused(message))
        return;
    if (message->milters != NULL)
        milter_content_run(message, message->milters);
    else if (milter_internal_applies_to(message))
        milter_internal_run(message);
}

static void give_up_place(struct intake_message *message)
{
    if (message->intake->drops)
        drop_cancel(message);
    else
        place_abandon(message->intake->place, message->queue_id);
}

static bool end_drop(struct intake_message *message)
{
    if (message->discard || !state_is_healthy(message))
        drop_cancel(message);
    else
        drop_end(message);
    return state_is_healthy(message);
}

/* True: it is in the queue, or was thrown away by order. */
static bool end_message(struct intake_message *message)
{
    if (state_is_healthy(message) && !message->discard)
        content_finish(message);
    if (state_is_healthy(message) && !message->discard)
        show_to_milters(message);
    if (state_is_healthy(message) && !message->discard)
        recipients_finish(message);
    if (state_is_healthy(message) && !message->discard)
        milter_envelope_change(message);
    if (message->writer.error != 0)
        fail_writing(message, message->writer.error);
    bool good = state_is_healthy(message);
    bool keep = good && !message->discard;
    if (keep)
        good = commit(message);
    if (!keep || !good)
        give_up_place(message);
    return good;
}

bool intake_end(struct intake_message *message, struct verdict *verdict)
{
    const char *previous = log_set_service(message->log_service);
    bool good = message->intake->drops ? end_drop(message) : end_message(message);

    give_verdict(message, verdict);
    message_release(message);
    log_set_service(previous);
    return good;
}

void intake_cancel(struct intake_message *message)
{
    if (message == NULL)
        return;
    give_up_place(message);
    message_release(message);
}
