#include "smtpd/parameters.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/mail/xtext.h"

enum { ORCPT_LIMIT = 500 };

/* One "NAME=value" at a time. */
struct parsing {
    struct arena *arena;
    unsigned extensions;
    unsigned seen; /* bit per row of the table */
    struct mail_parameters *mail;
    struct rcpt_parameters *rcpt;
};

struct parameter_row {
    const char *name; /* with its '=', or a keyword without value */
    unsigned extension;
    struct verdict (*take)(struct parsing *parsing, const char *value, bool repeated);
};

static const struct verdict fine;

/* Whether the hexadecimal escapes of xtext (RFC 3461 section 4) are whole. */
static bool has_good_escapes(const char *text)
{
    for (; (text = strchr(text, '+')) != NULL; text += 3) {
        if (strspn(text + 1, "0123456789ABCDEF") < 2)
            return false;
    }
    return true;
}

static bool is_xtext(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (*at < 33 || *at > 126 || *at == '=')
            return false;
    }
    return has_good_escapes(text);
}

static struct verdict take_size(struct parsing *parsing, const char *value, bool repeated)
{
    if (!text_is_digits(value))
        return VERDICT(501, "5.5.4", "Bad message size syntax");
    if (!number_parse_i64(value, 0, INT64_MAX, &parsing->mail->size_bytes))
        return VERDICT(552, "5.3.4", "Message size exceeds file system imposed limit");
    return fine;
}

static struct verdict take_8bit(struct parsing *parsing, const char *value, bool repeated)
{
    parsing->mail->flags = (parsing->mail->flags & ~(uint32_t)ENVELOPE_CONTENT_7BIT) | ENVELOPE_CONTENT_NULL_8;
    return fine;
}

static struct verdict take_7bit(struct parsing *parsing, const char *value, bool repeated)
{
    parsing->mail->flags = (parsing->mail->flags & ~(uint32_t)ENVELOPE_CONTENT_NULL_8) | ENVELOPE_CONTENT_7BIT;
    return fine;
}

static struct verdict take_smtputf8(struct parsing *parsing, const char *value, bool repeated)
{
    parsing->mail->flags |= ENVELOPE_SMTPUTF8;
    return fine;
}

static struct verdict take_ret(struct parsing *parsing, const char *value, bool repeated)
{
    if (!repeated && text_equal_nocase(value, "FULL"))
        parsing->mail->ret = RET_FULL;
    else if (!repeated && text_equal_nocase(value, "HDRS"))
        parsing->mail->ret = RET_HEADERS;
    else
        return VERDICT(501, "5.5.4", "Bad RET parameter syntax");
    return fine;
}

/* Whether xtext stands for printable ASCII. */
static bool means_printable(const char *xtext)
{
    struct str plain = {0};
    bool good = true;

    xtext_decode(&plain, xtext);
    for (size_t i = 0; i < plain.length; i++)
        good &= plain.data[i] >= ' ' && plain.data[i] <= '~';
    str_free(&plain);
    return good;
}

static struct verdict take_envid(struct parsing *parsing, const char *value, bool repeated)
{
    if (repeated || *value == '\0' || !is_xtext(value) || !means_printable(value))
        return VERDICT(501, "5.5.4", "Bad ENVID parameter syntax");
    parsing->mail->envid = arena_copy_text(parsing->arena, value);
    return fine;
}

/* Who sent the message elsewhere, as a peer that relays it says: it is passed on, and proves nothing. */
static struct verdict take_auth(struct parsing *parsing, const char *value, bool repeated)
{
    if (repeated)
        return VERDICT(503, "5.5.4", "Error: multiple AUTH= options");
    if (!text_equal(value, "<>"))
        parsing->mail->auth = arena_copy_text(parsing->arena, value);
    return fine;
}

/* Which delimiters may be used is the configuration's to say. */
static struct verdict take_verp(struct parsing *parsing, const char *value, bool repeated)
{
    parsing->mail->verp = arena_copy_text(parsing->arena, value);
    return fine;
}

static struct verdict take_notify(struct parsing *parsing, const char *value, bool repeated)
{
    static const struct {
        const char *name;
        uint32_t bit;
    } words[] = {
        { "NEVER", NOTIFY_NEVER }, { "SUCCESS", NOTIFY_SUCCESS }, { "FAILURE", NOTIFY_FAILURE }, { "DELAY", NOTIFY_DELAY },
    };
    const struct verdict bad = VERDICT(501, "5.5.4", "Error: Bad NOTIFY parameter syntax");
    const char *whole = value;
    uint32_t notify = 0;
    const char *word;
    size_t length;

    while (text_next_word(&value, ",", &word, &length)) {
        uint32_t bit = 0;
        const char *name = arena_copy_bytes(parsing->arena, word, length);
        for (size_t i = 0; i < COUNT_OF(words); i++) {
            if (text_equal_nocase(words[i].name, name))
                bit = words[i].bit;
        }
        if (bit == 0) {
            log_warning("unknown DSN NOTIFY command value \"%.100s\" in \"%.100s\"", name, whole);
            return bad;
        }
        notify |= bit;
    }
    if (repeated || notify == 0 || ((notify & NOTIFY_NEVER) && notify != NOTIFY_NEVER))
        return bad;
    parsing->rcpt->notify = notify;
    return fine;
}

static bool is_orcpt(const char *value)
{
    size_t type = strcspn(value, ";");

    if (type == 0 || value[type] == '\0' || strlen(value) > ORCPT_LIMIT)
        return false;
    for (size_t i = 0; i < type; i++) {
        if (!text_is_alnum(value[i]) && value[i] != '-')
            return false;
    }
    bool is_utf8 = type == 5 && text_starts_with_nocase(value, "utf-8");
    return is_utf8 ? text_is_utf8(value, strlen(value)) : has_good_escapes(value + type + 1);
}

static struct verdict take_orcpt(struct parsing *parsing, const char *value, bool repeated)
{
    if (repeated || !is_orcpt(value))
        return VERDICT(501, "5.5.4", "Error: Bad ORCPT parameter syntax");
    /* All that must be is kept encoded, and no more, so that the same address always looks the same. */
    struct str plain = {0};
    struct str wire = {0};
    size_t type = strcspn(value, ";") + 1;
    xtext_decode(&plain, value + type);
    str_put_bytes(&wire, value, type);
    xtext_put(&wire, str_text(&plain));
    parsing->rcpt->dsn_orcpt = arena_copy_text(parsing->arena, text_starts_with_nocase(value, "utf-8;") ? value : str_text(&wire));
    str_free(&plain);
    str_free(&wire);
    return fine;
}

static const struct parameter_row mail_rows[] = {
    { "SIZE=", 0, take_size },
    { "BODY=8BITMIME", 0, take_8bit },
    { "BODY=7BIT", 0, take_7bit },
    { "SMTPUTF8", PARAMETERS_SMTPUTF8, take_smtputf8 },
    { "RET=", PARAMETERS_DSN, take_ret },
    { "ENVID=", PARAMETERS_DSN, take_envid },
    { "AUTH=", 0, take_auth },
    { "XVERP", PARAMETERS_VERP, take_verp },
    { "XVERP=", PARAMETERS_VERP, take_verp },
};

static const struct parameter_row rcpt_rows[] = {
    { "NOTIFY=", PARAMETERS_DSN, take_notify },
    { "ORCPT=", PARAMETERS_DSN, take_orcpt },
};

static const struct parameter_row *find_row(const struct parameter_row *rows, size_t count, const char *word,
    unsigned extensions, const char **value)
{
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(rows[i].name);
        bool has_value = rows[i].name[length - 1] == '=';
        bool matches = has_value ? text_starts_with_nocase(word, rows[i].name) : text_equal_nocase(word, rows[i].name);
        if (matches && (rows[i].extension & ~extensions) == 0) {
            *value = word + length;
            return &rows[i];
        }
    }
    return NULL;
}

static struct verdict parse(struct parsing *parsing, const struct parameter_row *rows, size_t count, const char *text)
{
    const char *word;
    size_t length;

    while (text_next_word(&text, " \t", &word, &length)) {
        const char *one = arena_copy_bytes(parsing->arena, word, length);
        const char *value;
        const struct parameter_row *row = find_row(rows, count, one, parsing->extensions, &value);
        if (row == NULL && find_row(rows, count, one, ~0u, &value) != NULL
            && (find_row(rows, count, one, ~0u, &value)->extension & PARAMETERS_DSN))
            return VERDICT(501, "5.7.1", "DSN support is disabled");
        if (row == NULL)
            return VERDICT(555, "5.5.4", arena_printf(parsing->arena, "Unsupported option: %s", one));
        unsigned bit = 1u << (unsigned)(row - rows);
        struct verdict verdict = row->take(parsing, value, (parsing->seen & bit) != 0);
        if (verdict.code != 0)
            return verdict;
        parsing->seen |= bit;
    }
    return fine;
}

struct verdict parameters_parse_mail(const char *text, unsigned extensions, struct arena *arena,
    struct mail_parameters *parameters)
{
    struct parsing parsing = { .arena = arena, .extensions = extensions, .mail = parameters };

    *parameters = (struct mail_parameters){ .envid = "" };
    return parse(&parsing, mail_rows, COUNT_OF(mail_rows), text);
}

struct verdict parameters_parse_rcpt(const char *text, unsigned extensions, struct arena *arena,
    struct rcpt_parameters *parameters)
{
    struct parsing parsing = { .arena = arena, .extensions = extensions, .rcpt = parameters };

    *parameters = (struct rcpt_parameters){ .dsn_orcpt = "" };
    return parse(&parsing, rcpt_rows, COUNT_OF(rcpt_rows), text);
}
