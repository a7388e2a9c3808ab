#include "smtpd/proxy_link.h"

#include <stdlib.h>
#include <string.h>

#include "util/base/clock.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum { LINES_MAX = 100, LINE_BYTES = 2048 };

const char *const proxy_link_xforward_names[] = { "NAME", "ADDR", "PORT", "HELO", "IDENT", "PROTO", "SOURCE" };

static bool note_lost(struct proxy_link *link)
{
    const char *name = link->config->smtpd_proxy_filter;

    if (!link->is_lost && stream_status(link->stream) == STREAM_TIMEOUT)
        log_warning("timeout talking to proxy %s", name);
    else if (!link->is_lost)
        log_warning("lost connection with proxy %s", name);
    link->is_lost = true;
    return false;
}

static void note_keywords(struct proxy_link *link, const char *text)
{
    const char *word;
    size_t length;

    if (!text_starts_with_nocase(text, "XFORWARD "))
        return;
    while (text_next_word(&text, " \t", &word, &length)) {
        for (size_t i = 0; i < PROXY_LINK_XFORWARD_KINDS; i++) {
            if (strlen(proxy_link_xforward_names[i]) == length && memcmp(proxy_link_xforward_names[i], word, length) == 0)
                link->xforward |= 1u << i;
        }
    }
}

bool proxy_link_read_reply(struct proxy_link *link, bool is_ehlo)
{
    struct str line = {0};
    bool more = true;
    bool good = true;

    str_clear(&link->reply);
    stream_set_deadline(link->stream, clock_deadline_s(link->config->smtpd_proxy_timeout));
    for (int count = 0; more && good; count++) {
        good = count < LINES_MAX && stream_read_line(link->stream, &line, LINE_BYTES) == STREAM_OK
            && line.length >= 3 && text_is_digit(line.data[0]) && text_is_digit(line.data[1]) && text_is_digit(line.data[2])
            && (line.length == 3 || line.data[3] == ' ' || line.data[3] == '-');
        if (!good)
            break;
        link->code = (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + (line.data[2] - '0');
        const char *text = line.length > 3 ? line.data + 4 : "";
        if (count > 0)
            str_put_char(&link->reply, '\n');
        str_put(&link->reply, text);
        if (is_ehlo)
            note_keywords(link, text);
        more = line.length > 3 && line.data[3] == '-';
    }
    str_free(&line);
    return good || note_lost(link);
}

bool proxy_link_command(struct proxy_link *link, const char *line, int class)
{
    if (link->is_lost)
        return false;
    stream_put(link->stream, line);
    stream_put(link->stream, "\r\n");
    if (!proxy_link_read_reply(link, text_starts_with(line, "EHLO ")))
        return false;
    if (link->code / 100 == class)
        return true;
    log_warning("proxy %s rejected \"%s\": \"%d %s\"", link->config->smtpd_proxy_filter, line, link->code,
        str_text(&link->reply));
    return false;
}

static void put(struct proxy_link *link, const char *bytes, size_t length)
{
    if (link->is_adjusted)
        str_put_bytes(&link->content, bytes, length);
    else if (!link->is_lost)
        stream_write(link->stream, bytes, length);
}

void proxy_link_text(struct proxy_link *link, const char *bytes, size_t length, bool line_end)
{
    if (!link->is_adjusted && !link->in_line)
        stream_set_deadline(link->stream, clock_deadline_s(link->config->smtpd_proxy_timeout));
    if (!link->in_line && length > 0 && bytes[0] == '.')
        put(link, ".", 1);
    /* A lone CR or LF would be a line end to somebody. */
    while (length > 0) {
        size_t clean = 0;
        while (clean < length && bytes[clean] != '\r' && bytes[clean] != '\n')
            clean++;
        put(link, bytes, clean);
        if (clean < length)
            put(link, " ", 1);
        bytes += clean < length ? clean + 1 : clean;
        length -= clean < length ? clean + 1 : clean;
        link->in_line = true;
    }
    if (line_end)
        put(link, "\r\n", 2);
    link->in_line = link->in_line && !line_end;
}

void proxy_link_end_line(struct proxy_link *link)
{
    if (link->in_line)
        put(link, "\r\n", 2);
    link->in_line = false;
}

void proxy_link_close(struct proxy_link *link)
{
    if (link == NULL)
        return;
    /* In the middle of the content the filter must not take a QUIT for text, nor the text for a message. */
    if (link->stream != NULL && !link->is_lost && !link->in_content) {
        stream_put(link->stream, "QUIT\r\n");
        (void)stream_flush(link->stream); /* it is over either way: nobody waits for the answer */
    }
    stream_close(link->stream);
    str_free(&link->recipients);
    str_free(&link->content);
    str_free(&link->reply);
    free(link);
}
