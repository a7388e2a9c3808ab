#include "qmgr/intake/headers.h"

#include <string.h>
#include <strings.h>

#include "qmgr/intake/body.h"
#include "qmgr/intake/checks.h"
#include "qmgr/intake/mapping.h"
#include "qmgr/intake/missing.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address_list.h"
#include "util/mail/header.h"

void headers_start(struct intake_message *message)
{
    message->headers_seen = 0;
    message->received_count = 0;
}

/* Whether a name stands in message_drop_headers. */
static bool is_dropped(const struct intake_message *message, const char *name, size_t length)
{
    const char *cursor = message->intake->config->message_drop_headers;
    const char *word;
    size_t word_length;

    while (text_next_word(&cursor, TEXT_LIST_SEPARATORS, &word, &word_length)) {
        if (word_length > 0 && word[word_length - 1] == ':')
            word_length--;
        if (word_length == length && strncasecmp(word, name, length) == 0)
            return true;
    }
    return false;
}

static void log_message_id(const struct intake_message *message, const char *word, const char *value)
{
    while (text_is_space(*value))
        value++;
    size_t length = strlen(value);
    while (length > 0 && text_is_space(value[length - 1]))
        length--;
    log_info("%s: %smessage-id=%.*s", message->queue_id, word, (int)length, value);
}

static void count_received(struct intake_message *message)
{
    if (++message->received_count >= message->intake->config->hopcount_limit && !state_is_refused(message)) {
        log_warning("%s: message rejected: hopcount exceeded", message->queue_id);
        message->returns_whole = true; /* the content did nothing wrong */
        state_fail(message, VERDICT(554, "5.4.0", "Error: too many hops"));
    }
}

static void note_encoding(struct intake_message *message)
{
    enum mime_encoding encoding = mime_present_encoding(message->mime);

    if (message->intake->config->detect_8bit_encoding_header && (encoding == MIME_8BIT || encoding == MIME_BINARY))
        envelope_set_attribute(&message->envelope, message->arena, ATTRIBUTE_ENCODING, "8bit");
}

static void note_field(struct intake_message *message, const struct header_kind *kind, const char *value)
{
    message->headers_seen |= UINT64_C(1) << kind->id;
    if (kind->flags & HEADER_RESENT)
        message->headers_seen |= UINT64_C(1) << HEADER_COUNT;
    if (kind->id == HEADER_MESSAGE_ID) {
        log_message_id(message, "", value);
    } else if (kind->id == HEADER_RESENT_MESSAGE_ID) {
        log_message_id(message, "resent-", value);
    } else if (kind->id == HEADER_RECEIVED) {
        count_received(message);
    } else if (kind->id == HEADER_CONTENT_TRANSFER_ENCODING && message->mime != NULL) {
        note_encoding(message);
    }
}

/* 8-bit text in a header, UTF-8 or not: what SMTPUTF8 is there for; without it an error that strict sites refuse. */
static void note_8bit(struct intake_message *message, const struct str *field)
{
    const struct config *config = message->intake->config;

    if (text_is_ascii(field->data))
        return;
    message->envelope.flags |= ENVELOPE_UTF8_HEADER;
    if ((config->strict_8bitmime || config->strict_7bit_headers) && message->mime != NULL
        && !(message->envelope.flags & ENVELOPE_SMTPUTF8))
        checks_reject_mime(message, "improper use of 8-bit data in message header", field->data);
}

/* --- addresses --- */

static void rewrite_list(struct intake_message *message, const struct header_kind *kind, struct address_list *list)
{
    enum mapping_class class = kind->flags & HEADER_SENDER ? MAPPING_HEADER_SENDER : MAPPING_HEADER_RECIPIENT;
    struct str whole = {0};
    struct str result = {0};
    const char *address;

    for (size_t i = 0; (address = address_list_get(list, i)) != NULL; i++) {
        if (*address == '\0')
            continue;
        str_set(&whole, address);
        if (address_list_is_quoted_local(list, i))
            mapping_complete(message, &whole);
        mapping_rewrite(message, class, str_text(&whole), &result);
        address_list_set(list, i, str_text(&result));
    }
    str_free(&whole);
    str_free(&result);
}

static void take_addresses(struct intake_message *message, const struct header_kind *kind, struct str *field,
    size_t name_length, size_t value)
{
    if (!mapping_rewrites_headers(message))
        return;
    struct address_list *list = address_list_parse(field->data + value, field->length - value,
        (size_t)message->intake->config->header_address_token_limit);
    rewrite_list(message, kind, list);
    if (address_list_is_changed(list)) {
        str_truncate(field, name_length);
        str_put(field, ": ");
        address_list_put(list, field);
    }
    address_list_free(list);
}

/* "Name :" becomes "Name:". */
static void close_name(struct str *field, size_t name_length, size_t *value)
{
    size_t gap = *value - 1 - name_length;

    if (gap == 0)
        return;
    memmove(field->data + name_length, field->data + name_length + gap, field->length - name_length - gap);
    str_truncate(field, field->length - gap);
    *value -= gap;
}

static bool run_checks(struct intake_message *message, struct str *field, size_t name_length)
{
    const struct header_kind *kind = header_kind_find(field->data, name_length);
    enum checks_list list = kind->flags & HEADER_MIME ? CHECKS_MIME_HEADER : CHECKS_HEADER;
    struct str before = {0};

    if (!checks_apply_to(message, list))
        return true;
    bool keep = checks_run(message, list, field, &before);
    if (before.length > 0)
        writer_put_lines(&message->writer, before.data, before.length);
    str_free(&before);
    return keep;
}

void headers_take_field(struct intake_message *message, struct str *field)
{
    size_t value = 0;
    size_t name_length = header_name_length(str_text(field), field->length, &value);

    if (name_length == 0 || !state_is_healthy(message) || message->discard)
        return;
    close_name(field, name_length, &value);
    note_8bit(message, field);
    body_note_mime(message, header_kind_find(field->data, name_length), field, value);
    if (!state_is_healthy(message) || !run_checks(message, field, name_length))
        return;
    name_length = header_name_length(str_text(field), field->length, &value);
    const struct header_kind *kind = header_kind_find(field->data, name_length);
    note_field(message, kind, field->data + value);
    if (kind->flags & (HEADER_SENDER | HEADER_RECIPIENT))
        take_addresses(message, kind, field, name_length, value);
    if (!is_dropped(message, field->data, name_length))
        writer_put_lines(&message->writer, field->data, field->length);
}

void headers_finish(struct intake_message *message)
{
    missing_add(message);
}
