#include "qmgr/intake/postmaster_notice.h"

#include <string.h>
#include <strings.h>

#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/mail/date.h"

enum { FOLD_COLUMNS = 79 };

uint32_t postmaster_notice_options(const struct config *config, const char *class)
{
    bool filtered = text_list_has_nocase(config->internal_mail_filter_classes, class);

    return INTAKE_LOCAL_REWRITE | INTAKE_ADD_MISSING_HEADERS | INTAKE_IS_BOUNCE | INTAKE_NO_BCC
        | (filtered ? (uint32_t)INTAKE_FILTER_INTERNAL : (uint32_t)INTAKE_NO_HEADER_BODY_CHECKS | INTAKE_NO_MILTERS);
}

static void put_line(struct intake_message *message, struct str *line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void put_line(struct intake_message *message, struct str *line, const char *format, ...)
{
    va_list arguments;

    str_clear(line);
    va_start(arguments, format);
    str_vprintf(line, format, arguments);
    va_end(arguments);
    intake_line(message, str_text(line));
}

static void write_headers(struct intake_message *message, const struct config *config, const struct postmaster_notice *notice)
{
    struct str line = {0};
    struct str program = {0};
    struct str peer = {0};
    char date[DATE_TEXT_BYTES];
    const char *now = date_format(clock_wall_us() / 1000000, date);

    text_put_printable(&program, notice->program, strlen(notice->program), '?', false); /* an agent's word, like the peer's name */
    text_put_printable(&peer, notice->peer, strlen(notice->peer), '?', false);
    put_line(message, &line, "Received: by %s (%s)", config->myhostname, config->mail_name);
    put_line(message, &line, "\tid %s; %s", intake_queue_id(message), now);
    put_line(message, &line, "Date: %s", now);
    intake_line(message, "From: Mail Delivery System <MAILER-DAEMON>");
    put_line(message, &line, "To: Postmaster <%s>", config->error_notice_recipient);
    put_line(message, &line, "Subject: %s %s: errors from %s", config->mail_name, str_text(&program), str_text(&peer));
    intake_line(message, "");
    str_free(&program);
    str_free(&peer);
    str_free(&line);
}

/* One line of the session, broken at blanks where it is long; the rest of it is indented. */
static void write_folded(struct intake_message *message, const char *text, size_t length)
{
    const char *indent = " ";

    for (;;) {
        size_t room = FOLD_COLUMNS - strlen(indent);
        size_t take = length;
        if (length > room) {
            for (take = room; take > 0 && text[take] != ' '; take--)
                ;
            if (take == 0) /* one long word */
                take = strcspn(text, " \n") < length ? strcspn(text, " \n") : length;
        }
        intake_text(message, indent, strlen(indent), false);
        intake_text(message, text, take, true);
        text += take;
        length -= take;
        while (length > 0 && *text == ' ') {
            text++;
            length--;
        }
        if (length == 0)
            return;
        indent = "     ";
    }
}

/* Of unknown origin: one line, whatever is in it. */
static void write_line(struct intake_message *message, const char *text)
{
    struct str line = {0};

    text_put_printable(&line, text, strlen(text), '?', true);
    intake_line(message, str_text(&line));
    str_free(&line);
}

static void write_body(struct intake_message *message, const struct postmaster_notice *notice)
{
    const char *text = notice->transcript;

    if (notice->opening != NULL) {
        write_line(message, notice->opening);
        intake_line(message, "");
    }
    intake_line(message, "Transcript of session follows.");
    intake_line(message, "");
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        write_folded(message, text, length);
        text += length + (text[length] == '\n');
    }
    intake_line(message, "");
    if (notice->aborted != NULL) {
        struct str line = {0};
        str_printf(&line, "Session aborted, reason: %s", notice->aborted);
        intake_line(message, str_text(&line));
        str_free(&line);
    }
    if (notice->opening == NULL)
        intake_line(message, "");
    intake_line(message, "For other details, see the local mail logfile");
}

bool postmaster_notice_send(struct intake *intake, const struct config *config, const struct postmaster_notice *notice,
    struct str *queue_id, struct verdict *why)
{
    const struct intake_begin begin = { .service = "cleanup", .options = postmaster_notice_options(config, "notify"),
        .origin = "internal", .trace_id = notice->trace_id };
    const struct recipient recipient = { .address = config->error_notice_recipient,
        .original = config->error_notice_recipient, .dsn_orcpt = "" };
    struct intake_message *message = intake_begin(intake, &begin, why);
    struct str sender = {0};

    if (message == NULL)
        return false;
    if (queue_id != NULL)
        str_set(queue_id, intake_queue_id(message));
    str_printf(&sender, "%s@%s", config->double_bounce_sender, config->myorigin);
    intake_sender(message, str_text(&sender), "", RET_UNSET);
    str_free(&sender);
    intake_recipient(message, &recipient);
    write_headers(message, config, notice);
    write_body(message, notice);
    return intake_end(message, why);
}
