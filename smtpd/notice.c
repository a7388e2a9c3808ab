#include "smtpd/notice.h"

#include <string.h>

#include "smtpd/session.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/mail/date.h"

enum { FOLD_COLUMNS = 79 };

/* In the order in which their recipients are told. */
static const struct {
    const char *name;
    unsigned bit;
} classes[] = {
    { "policy", TROUBLE_POLICY },
    { "protocol", TROUBLE_PROTOCOL },
    { "resource", TROUBLE_RESOURCE },
    { "software", TROUBLE_SOFTWARE },
    { "data", TROUBLE_DATA },
};

static unsigned reported_classes(const char *list)
{
    unsigned bits = 0;
    const char *word;
    size_t length;

    while (text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        for (size_t i = 0; i < COUNT_OF(classes); i++) {
            if (strlen(classes[i].name) == length && strncmp(classes[i].name, word, length) == 0)
                bits |= classes[i].bit;
        }
    }
    return bits;
}

static void write_headers(struct session *session, struct intake_message *message)
{
    const struct config *config = session->config;
    struct str *line = &session->scratch;
    char date[DATE_TEXT_BYTES];
    const char *now = date_format(clock_wall_us() / 1000000, date);

    str_clear(line);
    str_printf(line, "Received: by %s (%s)", config->myhostname, config->mail_name);
    intake_line(message, str_text(line));
    str_clear(line);
    str_printf(line, "\tid %s; %s", intake_queue_id(message), now);
    intake_line(message, str_text(line));
    str_clear(line);
    str_printf(line, "Date: %s", now);
    intake_line(message, str_text(line));
    intake_line(message, "From: Mail Delivery System <MAILER-DAEMON>");
    str_clear(line);
    str_printf(line, "To: Postmaster <%s>", config->error_notice_recipient);
    intake_line(message, str_text(line));
    str_clear(line);
    str_printf(line, "Subject: %s SMTP server: errors from %s", config->mail_name, session->client_text);
    intake_line(message, str_text(line));
    intake_line(message, "");
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

static void write_transcript(struct session *session, struct intake_message *message)
{
    const char *text = str_text(&session->transcript);

    intake_line(message, "Transcript of session follows.");
    intake_line(message, "");
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        write_folded(message, text, length);
        text += length + (text[length] == '\n');
    }
    intake_line(message, "");
    intake_line(message, "");
    intake_line(message, "For other details, see the local mail logfile");
}

void notice_send(struct session *session)
{
    const struct config *config = session->config;
    unsigned reported = reported_classes(config->notify_classes);
    const struct intake_begin begin = { .service = "cleanup",
        .options = INTAKE_IS_BOUNCE | INTAKE_LOCAL_REWRITE | INTAKE_ADD_MISSING_HEADERS,
        .origin = "internal", .trace_id = session->trace_id };
    struct verdict verdict;

    if ((session->trouble & reported) == 0)
        return;
    struct intake_message *message = intake_begin(session->service->intake, &begin, &verdict);
    if (message == NULL)
        return; /* nobody waits for it */
    struct str sender = {0};
    str_printf(&sender, "%s@%s", config->double_bounce_sender, config->myorigin);
    intake_sender(message, str_text(&sender), "", RET_UNSET);
    str_free(&sender);
    const struct recipient recipient = { .address = config->error_notice_recipient,
        .original = config->error_notice_recipient, .dsn_orcpt = "" };
    intake_recipient(message, &recipient);
    write_headers(session, message);
    write_transcript(session, message);
    (void)intake_end(message, &verdict); /* logged there; nobody waits for it */
}
