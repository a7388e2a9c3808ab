#include "submission/auth/dovecot_reply.h"

#include <stddef.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/sasl/sasl_base64.h"
#include "util/sasl/sasl_options.h"

/* The next field, cut off at its tab; NULL at the end of the line. */
static char *next_field(char **cursor)
{
    char *field = *cursor;

    if (field == NULL)
        return NULL;
    char *tab = strchr(field, '\t');
    if (tab != NULL)
        *tab = '\0';
    *cursor = tab == NULL ? NULL : tab + 1;
    return field;
}

static char unescaped(char c)
{
    switch (c) {
    case '0':
        return '\0';
    case '1':
        return '\001';
    case 't':
        return '\t';
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    default:
        return c;
    }
}

/* Undoes "\001t" and its like in place. Control characters have no place in what we log and write into headers: they become
 * '?', and the answer is false. */
static bool unescape(char *text)
{
    char *to = text;
    bool clean = true;

    for (const char *from = text; *from != '\0'; from++) {
        char c = *from;
        if (c == '\001' && from[1] != '\0')
            c = unescaped(*++from);
        bool is_control = (unsigned char)c < ' ' || c == 127;
        clean = clean && !is_control;
        *to++ = is_control ? '?' : c;
    }
    *to = '\0';
    return clean;
}

static bool is_mechanism_name(const char *name)
{
    size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    return length > 0 && length <= 64 && name[length] == '\0';
}

static bool take_mechanism(char *cursor, struct dovecot_reply *reply)
{
    static const struct {
        const char *name;
        unsigned options;
    } properties[] = {
        { "plaintext", SASL_OPTION_NO_PLAINTEXT },
        { "active", SASL_OPTION_NO_ACTIVE },
        { "dictionary", SASL_OPTION_NO_DICTIONARY },
        { "anonymous", SASL_OPTION_NO_ANONYMOUS },
    };
    const char *field;

    reply->kind = DOVECOT_MECHANISM;
    reply->text = next_field(&cursor);
    reply->options = SASL_OPTION_FORWARD_SECRECY | SASL_OPTION_MUTUAL_AUTH;
    if (reply->text == NULL || !is_mechanism_name(reply->text))
        return false;
    while ((field = next_field(&cursor)) != NULL) {
        for (size_t i = 0; i < COUNT_OF(properties); i++) {
            if (text_equal_nocase(field, properties[i].name))
                reply->options |= properties[i].options;
        }
        if (text_equal_nocase(field, "forward-secrecy"))
            reply->options &= ~(unsigned)SASL_OPTION_FORWARD_SECRECY;
        else if (text_equal_nocase(field, "mutual-auth"))
            reply->options &= ~(unsigned)SASL_OPTION_MUTUAL_AUTH;
        else if (text_equal_nocase(field, "private"))
            reply->is_private = true;
    }
    return true;
}

static bool take_number(char **cursor, struct dovecot_reply *reply)
{
    const char *field = next_field(cursor);

    return field != NULL && number_parse_u64(field, UINT32_MAX, &reply->number);
}

static bool take_outcome(char *cursor, enum dovecot_kind kind, struct dovecot_reply *reply)
{
    char *field;

    reply->kind = kind;
    if (!take_number(&cursor, reply))
        return false;
    while ((field = next_field(&cursor)) != NULL) {
        if (text_starts_with(field, "user="))
            reply->user = field + strlen("user=");
        else if (text_starts_with(field, "reason="))
            reply->reason = field + strlen("reason=");
        else
            continue;
        if (!unescape(field) && kind == DOVECOT_OK)
            return false;
    }
    return kind != DOVECOT_OK || (reply->user != NULL && *reply->user != '\0');
}

static bool take_challenge(char *cursor, struct dovecot_reply *reply)
{
    reply->kind = DOVECOT_CONTINUE;
    if (!take_number(&cursor, reply))
        return false;
    const char *field = next_field(&cursor);
    reply->text = field == NULL ? "" : field;
    return sasl_base64_is_valid(reply->text);
}

bool dovecot_reply_parse(char *line, struct dovecot_reply *reply)
{
    char *cursor = line;
    const char *verb = next_field(&cursor);

    *reply = (struct dovecot_reply){ .kind = DOVECOT_OTHER };
    if (text_equal(verb, "VERSION")) {
        reply->kind = DOVECOT_VERSION;
        return take_number(&cursor, reply);
    }
    if (text_equal(verb, "MECH"))
        return take_mechanism(cursor, reply);
    if (text_equal(verb, "DONE"))
        reply->kind = DOVECOT_DONE;
    else if (text_equal(verb, "OK"))
        return take_outcome(cursor, DOVECOT_OK, reply);
    else if (text_equal(verb, "FAIL"))
        return take_outcome(cursor, DOVECOT_FAIL, reply);
    else if (text_equal(verb, "CONT"))
        return take_challenge(cursor, reply);
    return true;
}
