#include "smtpd/reply.h"

#include <string.h>

#include "smtpd/notice.h"
#include "smtpd/reply_footer.h"
#include "smtpd/session.h"
#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"

/* One line of the reply: what the client may see of a text that other people's bytes went into. */
static void put_line(struct session *session, const struct verdict *verdict, const char *text, size_t length, bool last)
{
    struct str *line = &session->scratch;

    str_clear(line);
    str_put_number(line, (unsigned)verdict->code);
    str_put_char(line, last ? ' ' : '-');
    if (verdict->status[0] != '\0') {
        str_put(line, verdict->status);
        if (length > 0)
            str_put_char(line, ' ');
    }
    text_put_printable(line, text, length, '?', true);
    notice_record(session, "Out: ", str_text(line), line->length);
    if (log_debug_level() > 0)
        log_debug("> %s: %s", session->client_text, str_text(line));
    str_put(line, "\r\n");
    stream_write(session->stream, str_text(line), line->length);
}

void reply_put(struct session *session, struct verdict verdict)
{
    verdict = reply_footer_add(session, verdict);
    const char *text = verdict.text;
    if (session->errors > session->config->smtpd_soft_error_limit && session->config->smtpd_error_sleep_time > 0) {
        (void)stream_flush(session->stream); /* a failure shows at the next read */
        clock_sleep_s(session->config->smtpd_error_sleep_time);
    }
    verdict = session_soften(session, verdict);
    for (;;) {
        size_t length = strcspn(text, "\n");
        bool last = text[length] == '\0';
        put_line(session, &verdict, text, length, last);
        if (last)
            break;
        text += length + 1;
    }
}

void reply_send(struct session *session, struct verdict verdict)
{
    reply_put(session, verdict);
    (void)stream_flush(session->stream); /* a failure shows at the next read */
}
