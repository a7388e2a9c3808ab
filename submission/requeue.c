#include "submission/requeue.h"

#include <unistd.h>

#include "qmgr/client/message_file.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { LINE_BYTES_MAX = 1 << 16 };

bool requeue_is_queue_file(int fd, uid_t owner)
{
    struct message_file file;
    const char *why;

    return owner == geteuid() && message_file_read_header(fd, &file, &why);
}

static const char *attribute_or_null(const struct envelope *envelope, const char *name)
{
    const char *value = envelope_attribute(envelope, name);

    return *value == '\0' ? NULL : value;
}

/* Log lines name the client that it came from once. */
static const char *origin_of(const struct envelope *envelope, struct str *origin)
{
    const char *address = envelope_attribute(envelope, ATTRIBUTE_CLIENT_ADDRESS);

    if (*address == '\0')
        return "local";
    str_printf(origin, "%s[%s]", envelope_attribute(envelope, ATTRIBUTE_CLIENT_NAME), address);
    return str_text(origin);
}

static struct intake_message *begin(const struct config *config, struct intake *intake, const struct envelope *envelope,
    struct verdict *why)
{
    struct str origin = {0};
    bool local = !text_equal(envelope_attribute(envelope, ATTRIBUTE_REWRITE_CONTEXT), "remote");
    struct intake_begin begin = {
        .service = "cleanup",
        .options = INTAKE_BOUNCE_REJECTED | INTAKE_NO_MILTERS | submit_override_options(config)
            | (local ? (uint32_t)INTAKE_LOCAL_REWRITE : 0),
        .envelope_flags = envelope->flags & ~(uint32_t)ENVELOPE_HOLD,
        .trace_id = envelope_attribute(envelope, ATTRIBUTE_TRACE_ID),
        .origin = origin_of(envelope, &origin),
        .helo = attribute_or_null(envelope, ATTRIBUTE_CLIENT_HELO),
        .protocol = attribute_or_null(envelope, ATTRIBUTE_CLIENT_PROTOCOL),
    };

    struct intake_message *message = intake_begin(intake, &begin, why);
    str_free(&origin); /* intake has a copy */
    return message;
}

/* Which filter it goes through is decided anew. */
static void put_envelope(const struct config *config, struct intake_message *message, const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->attribute_count; i++) {
        if (!text_equal(envelope->attributes[i].name, ATTRIBUTE_CONTENT_FILTER))
            intake_attribute(message, envelope->attributes[i].name, envelope->attributes[i].value);
    }
    if (*config->content_filter != '\0')
        intake_attribute(message, ATTRIBUTE_CONTENT_FILTER, config->content_filter);
    intake_sender(message, envelope->sender, envelope->envid, envelope->ret);
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        if (!envelope->recipients[i].done)
            intake_recipient(message, &envelope->recipients[i]);
    }
}

static bool put_content(struct intake_message *message, int fd, const struct message_file *file)
{
    struct message_lines lines;
    const char *line;
    size_t length;
    bool whole;

    message_lines_start(&lines, fd, file);
    while (message_lines_next(&lines, &line, &length, LINE_BYTES_MAX, &whole))
        intake_text(message, line, length, whole);
    message_lines_stop(&lines);
    return lines.reader.error == 0;
}

enum submit_result requeue_file(const struct config *config, struct intake *intake, int fd, const char *path)
{
    struct arena *arena = arena_new();
    struct message_file file;
    struct envelope envelope;
    struct verdict verdict;
    const char *why;
    enum submit_result result = SUBMIT_BAD;

    if (!message_file_read_header(fd, &file, &why) || !message_file_read_envelope(fd, &file, arena, &envelope, &why)) {
        log_warning("%s: %s", path, why);
        goto out;
    }
    result = SUBMIT_CLOSED;
    struct intake_message *message = begin(config, intake, &envelope, &verdict);
    if (message == NULL) {
        log_warning("%s: %s", path, verdict.text);
        goto out;
    }
    result = SUBMIT_LATER;
    log_info("%s: uid=%ld from=<%s> orig_id=%s", intake_queue_id(message), (long)geteuid(), envelope.sender,
        path + (text_starts_with(path, "maildrop/") ? sizeof("maildrop/") - 1 : 0));
    put_envelope(config, message, &envelope);
    submit_put_received(config, message, geteuid());
    if (!put_content(message, fd, &file)) {
        intake_cancel(message);
        goto out;
    }
    if (intake_end(message, &verdict))
        result = SUBMIT_DONE;
    else
        log_warning("%s: %s", path, verdict.text);
out:
    arena_free(arena);
    return result;
}
