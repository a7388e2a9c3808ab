#include "local/mailbox/mail.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "util/base/clock.h"
#include "util/io/fd.h"
#include "util/mail/address.h"

enum { BLOCK_BYTES = 32768 };

static void put_address_line(struct str *out, const char *name, const char *address)
{
    str_put(out, name);
    address_quote(address, out);
    str_put_char(out, '\n');
}

void mail_put_lead(const struct mail *mail, unsigned form, int64_t now_s, struct str *out)
{
    if (form & MAIL_FROM_LINE) {
        time_t now = (time_t)now_s;
        struct tm local;
        char date[32]; /* asctime(3) */
        str_put(out, "From ");
        if (*mail->sender == '\0')
            str_put(out, "MAILER-DAEMON");
        else
            address_quote(mail->sender, out);
        if (localtime_r(&now, &local) == NULL || strftime(date, sizeof(date), "%a %b %e %H:%M:%S %Y", &local) == 0)
            date[0] = '\0';
        str_printf(out, "  %s\n", date);
    }
    str_put(out, "Return-Path: <");
    if (*mail->sender != '\0')
        address_quote(mail->sender, out);
    str_put(out, ">\n");
    if (*mail->original != '\0')
        put_address_line(out, "X-Original-To: ", mail->original);
    if (*mail->delivered_to != '\0')
        put_address_line(out, "Delivered-To: ", mail->delivered_to);
}

size_t mail_put_quoted(struct str *out, const char *text, size_t length, bool last, bool *line_start)
{
    static const char from[] = "From ";
    enum { FROM_LENGTH = sizeof(from) - 1 };
    size_t at = 0;

    while (at < length) {
        size_t left = length - at;
        if (*line_start) {
            size_t compare = left < FROM_LENGTH ? left : FROM_LENGTH;
            if (memcmp(text + at, from, compare) == 0) {
                if (compare < FROM_LENGTH && !last)
                    return at;
                if (compare == FROM_LENGTH)
                    str_put_char(out, '>');
            }
        }
        const char *end = memchr(text + at, '\n', left);
        size_t take = end == NULL ? left : (size_t)(end - (text + at)) + 1;
        str_put_bytes(out, text + at, take);
        *line_start = end != NULL;
        at += take;
    }
    return length;
}

/* --- the whole text --- */

void mail_text_start(struct mail_text *text, const struct mail *mail, unsigned form)
{
    *text = (struct mail_text){ .mail = mail, .form = form, .line_start = true };
    message_reader_start(&text->reader, mail->order->content, &mail->order->file);
}

void mail_text_stop(struct mail_text *text)
{
    str_free(&text->pending);
}

static bool end_content(struct mail_text *text, struct str *block)
{
    if (text->reader.error != 0) {
        errno = EILSEQ;
        return false;
    }
    (void)mail_put_quoted(block, str_text(&text->pending), text->pending.length, true, &text->line_start); /* takes all */
    if (text->form & MAIL_BLANK_END)
        str_put_char(block, '\n');
    text->phase = MAIL_TEXT_DONE;
    return true;
}

static bool put_content(struct mail_text *text, struct str *block)
{
    struct str *pending = &text->pending;

    if (!(text->form & MAIL_QUOTE_FROM))
        return message_reader_text(&text->reader, block, BLOCK_BYTES) || end_content(text, block);
    if (!message_reader_text(&text->reader, pending, BLOCK_BYTES))
        return end_content(text, block);
    size_t taken = mail_put_quoted(block, pending->data, pending->length, false, &text->line_start);
    memmove(pending->data, pending->data + taken, pending->length - taken);
    str_truncate(pending, pending->length - taken);
    return true;
}

bool mail_text_next(struct mail_text *text, struct str *block, size_t at_least)
{
    size_t end = block->length + at_least;

    if (!text->mail->order->file.complete) {
        errno = EILSEQ;
        return false;
    }
    if (text->phase == MAIL_TEXT_LEAD) {
        mail_put_lead(text->mail, text->form, clock_wall_us() / 1000000, block);
        text->phase = MAIL_TEXT_CONTENT;
    }
    while (text->phase == MAIL_TEXT_CONTENT && block->length < end) {
        if (!put_content(text, block))
            return false;
    }
    return true;
}

static bool write_text(struct mail_text *text, struct str *block, int64_t limit_bytes, int fd)
{
    int64_t written_bytes = 0;

    for (;;) {
        str_clear(block);
        if (!mail_text_next(text, block, BLOCK_BYTES))
            return false;
        if (block->length == 0)
            return true;
        written_bytes += (int64_t)block->length;
        if (limit_bytes > 0 && written_bytes > limit_bytes) {
            errno = EFBIG;
            return false;
        }
        if (!fd_write_all(fd, block->data, block->length))
            return false;
    }
}

bool mail_write(const struct mail *mail, unsigned form, int64_t limit_bytes, int fd)
{
    struct mail_text text;
    struct str block = {0};

    mail_text_start(&text, mail, form);
    bool good = write_text(&text, &block, limit_bytes, fd);
    int error = errno;
    mail_text_stop(&text);
    str_free(&block);
    errno = error;
    return good;
}
