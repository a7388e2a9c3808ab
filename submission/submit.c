#include "submission/submit.h"

#include <string.h>

#include "qmgr/client/drop_file.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/date.h"

uint32_t submit_override_options(const struct config *config)
{
    static const struct { const char *word; uint32_t option; } words[] = {
        { "no_header_body_checks", INTAKE_NO_HEADER_BODY_CHECKS },
        { "no_milters", INTAKE_NO_MILTERS },
        { "no_address_mappings", INTAKE_NO_ADDRESS_MAPPINGS },
    };
    const char *list = config->receive_override_options;
    const char *word;
    size_t length;
    uint32_t options = 0;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
            if (strlen(words[i].word) == length && strncmp(words[i].word, word, length) == 0)
                options |= words[i].option;
        }
    }
    return options;
}

static struct intake_message *begin(const struct config *config, struct intake *intake, const struct envelope *envelope,
    struct verdict *why)
{
    bool local = !text_equal(envelope_attribute(envelope, ATTRIBUTE_REWRITE_CONTEXT), "remote");
    struct intake_begin begin = {
        .service = "cleanup",
        .options = INTAKE_BOUNCE_REJECTED | submit_override_options(config)
            | (local ? (uint32_t)INTAKE_LOCAL_REWRITE | INTAKE_ADD_MISSING_HEADERS : 0),
        /* Only what a user may ask for; the rest is for us to say. */
        .envelope_flags = (envelope->flags & (ENVELOPE_VERIFY_ONLY | ENVELOPE_TRACE | ENVELOPE_SMTPUTF8)) | ENVELOPE_LOCAL,
        .trace_id = "",
        .origin = "local",
    };

    return intake_begin(intake, &begin, why);
}

static void put_attributes(const struct config *config, struct intake_message *message, const struct envelope *envelope)
{
    static const char *const allowed[] = { ATTRIBUTE_REWRITE_CONTEXT, ATTRIBUTE_ENCODING, ATTRIBUTE_FULL_NAME, ATTRIBUTE_VERP };

    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
        const char *value = envelope_attribute(envelope, allowed[i]);
        if (*value != '\0')
            intake_attribute(message, allowed[i], value);
    }
    if (*config->content_filter != '\0')
        intake_attribute(message, ATTRIBUTE_CONTENT_FILTER, config->content_filter);
}

void submit_put_received(const struct config *config, struct intake_message *message, uid_t uid)
{
    char date[DATE_TEXT_BYTES];
    struct str line = {0};

    str_printf(&line, "Received: by %s (%s, from userid %ld)", config->myhostname, config->mail_name, (long)uid);
    intake_line(message, str_text(&line));
    str_clear(&line);
    str_printf(&line, "\tid %s; %s", intake_queue_id(message), date_format(clock_wall_us() / 1000000, date));
    intake_line(message, str_text(&line));
    str_free(&line);
}

static void put_lines(struct intake_message *message, const char *text, size_t length)
{
    while (length > 0) {
        const char *end = memchr(text, '\n', length);
        size_t take = end == NULL ? length : (size_t)(end - text);
        intake_text(message, text, take, end != NULL);
        if (end != NULL)
            take++;
        text += take;
        length -= take;
    }
}

static void log_client(const struct intake_message *message, const struct envelope *envelope, uid_t uid)
{
    struct str sender = {0};

    address_quote(envelope->sender, &sender);
    log_info("%s: uid=%ld from=<%s>", intake_queue_id(message), (long)uid, str_text(&sender));
    str_free(&sender);
}

/* The text, then the end of the message. */
static enum submit_result finish(struct drop_reader *reader, struct intake_message *message, const char *path)
{
    struct verdict verdict;
    const char *text;
    size_t length;
    enum drop_result result;
    bool ended = true;

    while ((result = drop_file_next(reader, &text, &length)) == DROP_TEXT) {
        put_lines(message, text, length);
        ended = length > 0 ? text[length - 1] == '\n' : ended;
    }
    if (result == DROP_BAD) {
        intake_cancel(message);
        return SUBMIT_BAD;
    }
    if (!ended)
        intake_text(message, "", 0, true);
    if (intake_end(message, &verdict))
        return SUBMIT_DONE;
    log_warning("%s: %s", path, verdict.text);
    return SUBMIT_LATER; /* what can never be taken in is bounced, not refused */
}

enum submit_result submit_file(const struct config *config, struct intake *intake, int fd, uid_t uid, const char *path)
{
    struct arena *arena = arena_new();
    struct drop_reader reader;
    struct envelope envelope;
    struct verdict why;
    const char *text;
    enum submit_result result = SUBMIT_BAD;

    if (!drop_file_open(&reader, fd, arena, &envelope, NULL, &text)) {
        log_warning("%s: %s", path, text);
        goto out;
    }
    struct intake_message *message = begin(config, intake, &envelope, &why);
    result = SUBMIT_CLOSED;
    if (message == NULL) {
        log_warning("%s: %s", path, why.text);
        goto out;
    }
    log_client(message, &envelope, uid);
    put_attributes(config, message, &envelope);
    intake_sender(message, envelope.sender, envelope.envid, envelope.ret);
    for (size_t i = 0; i < envelope.recipient_count; i++)
        intake_recipient(message, &envelope.recipients[i]);
    submit_put_received(config, message, uid);
    result = finish(&reader, message, path);
out:
    drop_file_close(&reader);
    arena_free(arena);
    return result;
}
