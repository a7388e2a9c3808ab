#include "submission/sendmail_options.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

static _Noreturn void refuse(const char *format, const char *value)
{
    struct str text = {0};

    str_put(&text, format);
    str_put(&text, value);
    log_fatal_status(75, "%s", str_text(&text));
}

static enum sendmail_mode parse_mode(struct sendmail_options *options, const char *letter)
{
    static const struct { char letter; enum sendmail_mode mode; } modes[] = {
        { 'd', SENDMAIL_DAEMON }, { 'l', SENDMAIL_DAEMON }, { 'h', SENDMAIL_IGNORE }, { 'H', SENDMAIL_IGNORE },
        { 'i', SENDMAIL_ALIASES }, { 'm', SENDMAIL_SUBMIT }, { 'p', SENDMAIL_MAILQ }, { 's', SENDMAIL_SESSION },
        { 'v', SENDMAIL_SUBMIT },
    };

    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        if (modes[i].letter != *letter || *letter == '\0')
            continue;
        if (*letter == 'v')
            options->flags |= ENVELOPE_VERIFY_ONLY;
        return modes[i].mode;
    }
    refuse("unsupported: -b", letter);
}

/* Wishes about reports are worth less than the message. */
static uint32_t ignored(const char *what)
{
    log_warning("%s -- ignored", what);
    return 0;
}

static uint32_t parse_notify(const char *list)
{
    static const struct { const char *word; uint32_t bit; } words[] = {
        { "never", NOTIFY_NEVER }, { "success", NOTIFY_SUCCESS }, { "failure", NOTIFY_FAILURE }, { "delay", NOTIFY_DELAY },
    };
    const char *at = list;
    const char *word;
    size_t length;
    uint32_t notify = 0;

    while (text_next_word(&at, ", \t", &word, &length)) {
        uint32_t bit = 0;
        for (size_t i = 0; i < COUNT_OF(words); i++) {
            if (strlen(words[i].word) == length && text_starts_with_nocase(word, words[i].word))
                bit = words[i].bit;
        }
        if (bit == 0) {
            log_warning("unknown DSN NOTIFY command value \"%.*s\" in \"%s\"", (int)length, word, list);
            return ignored("bad -N option value");
        }
        notify |= bit;
    }
    if (notify == 0 || ((notify & NOTIFY_NEVER) && notify != NOTIFY_NEVER))
        return ignored("bad -N option value");
    return notify;
}

static const char *parse_encoding(const char *word)
{
    if (text_equal(word, "8BITMIME"))
        return "8bit";
    if (text_equal(word, "7BIT"))
        return "7bit";
    log_fatal_status(75, "-B option needs 8BITMIME or 7BIT");
}

static enum envelope_ret parse_ret(const char *word)
{
    if (text_equal_nocase(word, "full"))
        return RET_FULL;
    if (text_equal_nocase(word, "hdrs"))
        return RET_HEADERS;
    (void)ignored("bad -R option value");
    return RET_UNSET;
}

/* ENVID is xtext on the wire (RFC 3461 section 4). */
static const char *xtext(const char *text)
{
    struct str out = {0};

    if (*text == '\0')
        (void)ignored("bad syntax in -V option value");
    for (; *text != '\0'; text++) {
        if (*text < '!' || *text > '~' || *text == '+' || *text == '=')
            str_printf(&out, "+%02X", (unsigned)(unsigned char)*text);
        else
            str_put_char(&out, *text);
    }
    return str_take(&out);
}

static void parse_queue_option(struct sendmail_options *options, const char *value)
{
    options->mode = SENDMAIL_FLUSH;
    if (*value == 'I' || *value == 'R') {
        if (value[1] == '\0')
            log_fatal_status(75, "specify: -q%s", *value == 'I' ? "Iqueueid" : "Rsitename");
        *(*value == 'I' ? &options->flush_id : &options->flush_site) = value + 1;
    } else if (*value == 'S') {
        log_fatal_status(75, "-qS is not implemented");
    } else if (*value != '\0') {
        if (!text_is_digit(*value))
            log_fatal_status(75, "-q%c is not implemented", *value);
        options->mode = SENDMAIL_IGNORE;
    }
}

static void parse_old_option(struct sendmail_options *options, const char *value)
{
    if (*value == 'A' && value[1] == '\0')
        log_fatal_status(75, "-oA requires pathname");
    if (*value == 'A')
        options->alias_database = value + 1;
    else if (text_equal(value, "i"))
        options->dot_is_text = true;
    /* Everything else is set in main.cf or has no meaning here. */
}

/* -V was what -XV is, long ago: without a value (the next word is an option then), or with delimiters. */
static void parse_v_option(struct sendmail_options *options, const char *value, const char *last_word)
{
    if (value == last_word && *value == '-' && strlen(value) == 2) {
        log_warning("option -V is deprecated with Postfix 2.3; specify -XV instead");
        options->verp = "";
        optind--;
    } else if (strlen(value) == 2 && value[strspn(value, "-=+")] == '\0') {
        log_warning("option -V%s is deprecated with Postfix 2.3; specify -XV%s instead", value, value);
        options->verp = value;
    } else {
        options->envid = xtext(value);
    }
}

static void parse_x_option(struct sendmail_options *options, const char *value)
{
    if (*value != 'V') { /* the letter of -X logfile stays supported only as -XV */
        char letter[2] = { *value, '\0' };
        refuse("unsupported: -X", letter);
    }
    options->verp = value + 1;
}

static void parse_one(struct sendmail_options *options, int option, const char *value, const char *last_word)
{
    switch (option) {
    case 'B': options->encoding = parse_encoding(value); break;
    case 'C': options->directory = value; break;
    case 'F': options->full_name = value; break;
    case 'G': options->gateway = true; break;
    case 'I': options->mode = SENDMAIL_ALIASES; break;
    case 'N': options->notify = parse_notify(value); break;
    case 'R': options->ret = parse_ret(value); break;
    case 'V': parse_v_option(options, value, last_word); break;
    case 'X': parse_x_option(options, value); break;
    case 'b': options->mode = parse_mode(options, value); break;
    case 'f':
    case 'r': options->sender = value; break;
    case 'i': options->dot_is_text = true; break;
    case 'n': log_fatal_status(75, "-n option not supported"); break;
    case 'o': parse_old_option(options, value); break;
    case 'q': parse_queue_option(options, value); break;
    case 't': options->extract = true; break;
    case 'v': options->verbose++; break;
    case '?': log_fatal_status(75, "usage: %s [options]", options->program); break;
    default: break; /* A, e, h, L, m, O, p, U, x: known and without effect */
    }
}

void sendmail_options_parse(struct sendmail_options *options, int argc, char **argv, const char *program)
{
    int option;

    *options = (struct sendmail_options){ .program = program, .envid = "", .encoding = "", .full_name = getenv("NAME") };
    if (text_equal(program, "mailq"))
        options->mode = SENDMAIL_MAILQ;
    else if (text_equal(program, "newaliases"))
        options->mode = SENDMAIL_ALIASES;
    /* "+": the first word that isn't an option begins the recipients, as on the systems that sendmail comes from. */
    while ((option = getopt(argc, argv, "+A:B:C:F:GIL:N:O:R:UV:X:b:ce:f:h:imno:p:q::r:tvx")) > 0)
        parse_one(options, option, optarg == NULL ? "" : optarg, argv[optind - 1]);
    if (options->extract && options->mode != SENDMAIL_SUBMIT)
        log_fatal_status(75, "-t can be used only in delivery mode");
    if (options->verbose == 1 && options->mode == SENDMAIL_SUBMIT)
        options->flags |= ENVELOPE_TRACE;
    if (options->verbose > 1)
        log_set_debug(options->verbose - 1);
    options->recipients = argv + optind;
    options->recipient_count = argc - optind;
}
