#include "qmgr/intake/milter/milter_wire.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"

const char *milter_command_name(enum milter_command command)
{
    switch (command) {
    case MILTER_ABORT:
        return "SMFIC_ABORT";
    case MILTER_BODY:
        return "SMFIC_BODY";
    case MILTER_CONNECT:
        return "SMFIC_CONNECT";
    case MILTER_MACROS:
        return "SMFIC_MACRO";
    case MILTER_END_OF_BODY:
        return "SMFIC_BODYEOB";
    case MILTER_HELO:
        return "SMFIC_HELO";
    case MILTER_HEADER:
        return "SMFIC_HEADER";
    case MILTER_MAIL:
        return "SMFIC_MAIL";
    case MILTER_END_OF_HEADER:
        return "SMFIC_EOH";
    case MILTER_NEGOTIATE:
        return "SMFIC_OPTNEG";
    case MILTER_QUIT:
        return "SMFIC_QUIT";
    case MILTER_RCPT:
        return "SMFIC_RCPT";
    case MILTER_DATA:
        return "SMFIC_DATA";
    case MILTER_UNKNOWN:
        return "SMFIC_UNKNOWN";
    }
    return "SMFIC_unknown";
}

/* --- putting --- */

static void write_number(char *at, uint32_t number)
{
    for (int i = 0; i < 4; i++)
        at[i] = (char)(number >> (24 - 8 * i) & 0xFF);
}

void milter_wire_begin(struct str *out, enum milter_command command, size_t *start)
{
    *start = out->length;
    str_put_bytes(out, "\0\0\0\0", 4);
    str_put_char(out, (char)command);
}

void milter_wire_text(struct str *out, const char *text)
{
    str_put_bytes(out, text, strlen(text) + 1);
}

void milter_wire_number(struct str *out, uint32_t number)
{
    char bytes[4];

    write_number(bytes, number);
    str_put_bytes(out, bytes, 4);
}

void milter_wire_end(struct str *out, size_t start)
{
    write_number(out->data + start, (uint32_t)(out->length - start - 4));
}

uint32_t milter_wire_get_number(const void *bytes)
{
    const unsigned char *at = bytes;

    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

uint32_t milter_wire_protocol_mask(unsigned version)
{
    static const uint32_t masks[] = { 0, 0, 0x7F, 0x17F, 0x37F, 0x37F, 0x1FFFFF };

    return version < COUNT_OF(masks) ? masks[version] : masks[COUNT_OF(masks) - 1];
}

/* --- getting --- */

/* Takes one text off the front; false if no zero byte ends it. */
static bool take_text(const char **bytes, size_t *length, struct arena *arena, const char **text)
{
    const char *zero = *length == 0 ? NULL : memchr(*bytes, '\0', *length);

    if (zero == NULL)
        return false;
    size_t used = (size_t)(zero - *bytes);
    *text = arena_copy_bytes(arena, *bytes, used);
    *bytes += used + 1;
    *length -= used + 1;
    return true;
}

bool milter_wire_get_offer(const char *bytes, size_t length, struct arena *arena, struct milter_offer *offer)
{
    *offer = (struct milter_offer){0};
    if (length < 12)
        return false;
    offer->version = milter_wire_get_number(bytes);
    offer->actions = milter_wire_get_number(bytes + 4);
    offer->protocol = milter_wire_get_number(bytes + 8);
    bytes += 12;
    length -= 12;
    while (length > 0) {
        const char *names;
        if (length < 4)
            return false;
        uint32_t stage = milter_wire_get_number(bytes);
        bytes += 4;
        length -= 4;
        if (!take_text(&bytes, &length, arena, &names))
            return false;
        if (stage < MILTER_STAGES_ON_WIRE)
            offer->macros[stage] = names;
    }
    return true;
}

static bool is_reply_code(const char *text)
{
    return (text[0] == '4' || text[0] == '5') && text_is_digit(text[1]) && text_is_digit(text[2])
        && (text[3] == ' ' || text[3] == '-');
}

/* The length of "5.7.1" at the start of a text if it is of that class; else 0. */
static size_t status_length(const char *text, char class)
{
    size_t at = 1;

    if (text[0] != class)
        return 0;
    for (int part = 0; part < 2; part++) {
        size_t digits = 0;
        if (text[at++] != '.')
            return 0;
        while (digits < 4 && text_is_digit(text[at + digits]))
            digits++;
        if (digits == 0 || digits == 4)
            return 0;
        at += digits;
    }
    return text[at] == '\0' || text[at] == ' ' ? at : 0;
}

/* "%%" is what libmilter makes of a percent sign; a single one is lost. Other control characters than line ends are for the
 * reply's writer to judge. */
static void put_reply_line(struct str *out, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        i += text[i] == '%';
        if (i < length)
            str_put_char(out, text[i]);
    }
}

/* "550-5.7.1 first\r\n550 5.7.1 second": code, status and "first\nsecond". */
static bool parse_reply(const char *text, struct arena *arena, struct verdict *verdict)
{
    struct str out = {0};

    if (!is_reply_code(text))
        return false;
    *verdict = (struct verdict){ .code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0') };
    size_t length = status_length(text + 4, text[0]);
    if (length == 0 && text_is_digit(text[4]) && status_length(text + 4, text[4]) > 0)
        return false; /* temporary or permanent? */
    if (length > 0)
        memcpy(verdict->status, text + 4, length); /* the rest is zero */
    while (*text != '\0') {
        if (is_reply_code(text))
            text += 4;
        size_t status = status_length(text, verdict->status[0]);
        if (status > 0)
            text += status + (text[status] == ' ');
        size_t line = strcspn(text, "\r\n");
        if (out.length > 0)
            str_put_char(&out, '\n');
        put_reply_line(&out, text, line);
        text += line;
        text += *text == '\r';
        text += *text == '\n';
    }
    verdict->text = arena_copy_text(arena, str_text(&out));
    str_free(&out);
    return true;
}

static const struct answer_row {
    char letter;
    enum milter_answer_kind kind;
    uint32_t needs;
    bool has_index;
    int texts; /* 1: a name; 2: a value, too; -1: a value may follow */
} rows[] = {
    { 'c', MILTER_ANSWER_CONTINUE, 0, false, 0 },
    { 'a', MILTER_ANSWER_ACCEPT, 0, false, 0 },
    { 'r', MILTER_ANSWER_REJECT, 0, false, 0 },
    { 't', MILTER_ANSWER_TEMPFAIL, 0, false, 0 },
    { 'd', MILTER_ANSWER_DISCARD, 0, false, 0 },
    { 'y', MILTER_ANSWER_REPLY, 0, false, 1 },
    { 's', MILTER_ANSWER_SKIP, 0, false, 0 },
    { 'p', MILTER_ANSWER_PROGRESS, 0, false, 0 },
    { '4', MILTER_ANSWER_SHUTDOWN, 0, false, 0 },
    { 'h', MILTER_ANSWER_ADD_HEADER, MILTER_MAY_ADD_HEADERS, false, 2 },
    { 'i', MILTER_ANSWER_INSERT_HEADER, MILTER_MAY_ADD_HEADERS, true, 2 },
    { 'm', MILTER_ANSWER_CHANGE_HEADER, MILTER_MAY_CHANGE_HEADERS, true, 2 },
    { '+', MILTER_ANSWER_ADD_RECIPIENT, MILTER_MAY_ADD_RECIPIENTS, false, 1 },
    { '2', MILTER_ANSWER_ADD_RECIPIENT, MILTER_MAY_ADD_RECIPIENTS_WITH, false, -1 },
    { '-', MILTER_ANSWER_DELETE_RECIPIENT, MILTER_MAY_DELETE_RECIPIENTS, false, 1 },
    { 'e', MILTER_ANSWER_CHANGE_SENDER, MILTER_MAY_CHANGE_SENDER, false, -1 },
    { 'b', MILTER_ANSWER_REPLACE_BODY, MILTER_MAY_CHANGE_BODY, false, 0 },
    { 'q', MILTER_ANSWER_QUARANTINE, MILTER_MAY_QUARANTINE, false, 0 }, /* the reason goes nowhere */
};

uint32_t milter_answer_needs(enum milter_answer_kind kind)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].kind == kind)
            return rows[i].needs;
    }
    return 0;
}

static const struct answer_row *find_row(char letter)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].letter == letter)
            return &rows[i];
    }
    return NULL;
}

static bool take_fields(const struct answer_row *row, const char *bytes, size_t length, struct arena *arena,
    struct milter_answer *answer)
{
    if (row->has_index) {
        if (length < 4)
            return false;
        answer->index = milter_wire_get_number(bytes);
        bytes += 4;
        length -= 4;
    }
    if (row->texts != 0 && !take_text(&bytes, &length, arena, &answer->name))
        return false;
    if (row->texts == 2 || (row->texts < 0 && length > 0))
        return take_text(&bytes, &length, arena, &answer->text);
    return true;
}

void milter_wire_get_answer(char letter, const char *bytes, size_t length, struct arena *arena, struct milter_answer *answer)
{
    const struct answer_row *row = find_row(letter);

    *answer = (struct milter_answer){ .kind = MILTER_ANSWER_UNKNOWN, .name = "", .text = "", .bytes = bytes, .length = length };
    if (row == NULL)
        return;
    answer->kind = row->kind;
    if (!take_fields(row, bytes, length, arena, answer)) {
        answer->kind = MILTER_ANSWER_SHORT;
    } else if (row->kind == MILTER_ANSWER_REPLY && !parse_reply(answer->name, arena, &answer->verdict)) {
        answer->kind = MILTER_ANSWER_MALFORMED;
        answer->text = answer->name;
    }
}
