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

static struct intake_message *begin(struct intake *intake, const struct envelope *envelope, struct verdict *why)
{
    bool local = !text_equal(envelope_attribute(envelope, ATTRIBUTE_REWRITE_CONTEXT), "remote");
    struct intake_begin begin = {
        .service = "cleanup",
        .options = INTAKE_BOUNCE_REJECTED | INTAKE_NO_HEADER_BODY_CHECKS | INTAKE_NO_MILTERS | INTAKE_NO_BCC
            | (local ? (uint32_t)INTAKE_LOCAL_REWRITE : 0),
        .envelope_flags = envelope->flags & ~(uint32_t)ENVELOPE_HOLD,
        .trace_id = envelope_attribute(envelope, ATTRIBUTE_TRACE_ID),
        .origin = "local",
    };

    return intake_begin(intake, &begin, why);
}

static void put_envelope(struct intake_message *message, const struct envelope *envelope)
{
    for (size_t i = 0; i < envelope->attribute_count; i++)
        intake_attribute(message, envelope->attributes[i].name, envelope->attributes[i].value);
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
    struct intake_message *message = begin(intake, &envelope, &verdict);
    if (message == NULL) {
        log_warning("%s: %s", path, verdict.text);
        goto out;
    }
    result = SUBMIT_LATER;
    log_info("%s: uid=%ld from=<%s> orig_id=%s", intake_queue_id(message), (long)geteuid(), envelope.sender,
        path + (text_starts_with(path, "maildrop/") ? sizeof("maildrop/") - 1 : 0));
    put_envelope(message, &envelope);
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
