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

/* --- writing --- */

struct writing {
    int fd;
    int64_t limit_bytes;
    int64_t written_bytes;
};

static bool write_block(struct writing *writing, struct str *block)
{
    writing->written_bytes += (int64_t)block->length;
    if (writing->limit_bytes > 0 && writing->written_bytes > writing->limit_bytes) {
        errno = EFBIG;
        return false;
    }
    bool good = fd_write_all(writing->fd, str_text(block), block->length);
    str_clear(block);
    return good;
}

static bool write_plain(struct writing *writing, struct message_reader *reader, struct str *block)
{
    while (message_reader_text(reader, block, BLOCK_BYTES)) {
        if (block->length >= BLOCK_BYTES && !write_block(writing, block))
            return false;
    }
    return true;
}

static bool write_quoted(struct writing *writing, struct message_reader *reader, struct str *block)
{
    struct str text = {0};
    bool line_start = true;
    bool good = true;

    while (good && message_reader_text(reader, &text, BLOCK_BYTES)) {
        size_t taken = mail_put_quoted(block, str_text(&text), text.length, false, &line_start);
        memmove(text.data, text.data + taken, text.length - taken);
        str_truncate(&text, text.length - taken);
        good = block->length < BLOCK_BYTES || write_block(writing, block);
    }
    if (good)
        (void)mail_put_quoted(block, str_text(&text), text.length, true, &line_start); /* last: takes all */
    str_free(&text);
    return good;
}

bool mail_write(const struct mail *mail, unsigned form, int64_t limit_bytes, int fd)
{
    struct writing writing = { .fd = fd, .limit_bytes = limit_bytes };
    struct message_reader reader;
    struct str block = {0};

    if (!mail->order->file.complete) {
        errno = EILSEQ;
        return false;
    }
    mail_put_lead(mail, form, clock_wall_us() / 1000000, &block);
    message_reader_start(&reader, mail->order->content, &mail->order->file);
    bool good = (form & MAIL_QUOTE_FROM) ? write_quoted(&writing, &reader, &block) : write_plain(&writing, &reader, &block);
    if (good && reader.error != 0) {
        errno = EILSEQ;
        good = false;
    }
    if (form & MAIL_BLANK_END)
        str_put_char(&block, '\n');
    good = good && write_block(&writing, &block);
    str_free(&block);
    return good;
}
