#include "submission/compose.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qmgr/client/drop_pipe.h"
#include "submission/authorized.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/address_list.h"
#include "util/mail/verp.h"

struct composer {
    const struct config *config;
    const struct sendmail_options *options;
    struct arena *arena;
    struct envelope envelope;
    struct str header; /* the message header, kept until the envelope is known */
    char *line;        /* getline's */
    size_t line_size;
    bool any_line;     /* one was read */
    bool drops_cr;     /* CRLF becomes LF (sendmail_fix_line_endings) */
    struct drop_pipe drop;
};

static _Noreturn void give_up(const struct composer *composer, const char *why)
{
    log_fatal_status(75, "%s(%ld): %s", composer->envelope.sender, (long)getuid(), why);
}

/* --- who --- */

static const char *full_name_of(struct composer *composer, const struct passwd *entry)
{
    struct str name = {0};
    size_t length = entry == NULL ? 0 : strcspn(entry->pw_gecos, ",");

    if (composer->options->full_name != NULL)
        return composer->options->full_name;
    for (size_t i = 0; i < length; i++) {
        if (entry->pw_gecos[i] != '&') {
            str_put_char(&name, entry->pw_gecos[i]);
            continue;
        }
        char first = entry->pw_name[0]; /* & stands for the login name, capitalized */
        str_put_char(&name, first >= 'a' && first <= 'z' ? (char)(first - 'a' + 'A') : first);
        if (first != '\0')
            str_put(&name, entry->pw_name + 1);
    }
    const char *copy = arena_copy_text(composer->arena, str_text(&name));
    str_free(&name);
    return copy;
}

static void set_sender(struct composer *composer)
{
    const struct sendmail_options *options = composer->options;
    const struct passwd *entry = getpwuid(getuid());

    if (entry == NULL && options->sender == NULL)
        log_fatal_status(75, "no login name found for user ID %ld", (long)getuid());
    envelope_set_attribute(&composer->envelope, composer->arena, ATTRIBUTE_FULL_NAME, full_name_of(composer, entry));
    composer->envelope.sender = entry == NULL ? "unknown" : arena_copy_text(composer->arena, entry->pw_name);
    if (options->sender == NULL)
        return;
    struct address_list *list =
        address_list_parse(options->sender, strlen(options->sender), (size_t)composer->config->header_address_token_limit);
    const char *address = address_list_get(list, 0);
    composer->envelope.sender = address == NULL ? "" : arena_copy_text(composer->arena, address);
    if (address_list_get(list, 1) != NULL)
        log_warning("-f option specified malformed sender: %s", options->sender);
    address_list_free(list);
}

static void add_recipient(struct composer *composer, const char *address)
{
    envelope_add_recipient(&composer->envelope, composer->arena, &(struct recipient){
        .address = address,
        .original = address,
        .dsn_orcpt = "",
        .notify = composer->options->notify,
    });
}

/* Every address of a text such as "a@x, Full Name <b@y>". */
static void add_recipients(struct composer *composer, const char *text, size_t length)
{
    bool is_null = length == 0 || (length == 2 && memcmp(text, "<>", 2) == 0);
    while (length > 0 && text_is_space(text[length - 1]))
        length--; /* a quote that isn't closed would take the line's end in */
    struct address_list *list =
        address_list_parse(text, length, (size_t)composer->config->header_address_token_limit);
    const char *address;

    for (size_t i = 0; (address = address_list_get(list, i)) != NULL; i++)
        add_recipient(composer, address);
    if (is_null)
        add_recipient(composer, "");
    address_list_free(list);
}

/* --- the header --- */

/* sendmail_fix_line_endings, decided by the first line. */
static bool must_drop_cr(const struct composer *composer, bool first_has_cr)
{
    const char *when = composer->config->sendmail_fix_line_endings;

    return text_equal(when, "always") || (text_equal(when, "strict") && first_has_cr);
}

/* Reads a line without its end (LF, or CRLF too). -1 at the end of input, or at the dot that ends it. */
static ssize_t read_line(struct composer *composer)
{
    ssize_t length = getline(&composer->line, &composer->line_size, stdin);

    if (length < 0 && ferror(stdin))
        give_up(composer, "error reading input");
    if (length <= 0)
        return -1;
    if (composer->line[length - 1] == '\n')
        length--;
    bool has_cr = length > 0 && composer->line[length - 1] == '\r';
    if (!composer->any_line)
        composer->drops_cr = must_drop_cr(composer, has_cr);
    composer->any_line = true;
    while (composer->drops_cr && length > 0 && composer->line[length - 1] == '\r')
        length--;
    composer->line[length] = '\0';
    if (length == 1 && composer->line[0] == '.' && !composer->options->dot_is_text)
        return -1;
    return length;
}

/* "Name:" at the start of a line: the length of the name, or 0. */
static size_t field_name(const char *line)
{
    size_t length = 0;

    while (line[length] > ' ' && line[length] < 0x7F && line[length] != ':')
        length++;
    size_t blank = strspn(line + length, " \t");
    return length > 0 && line[length + blank] == ':' ? length : 0;
}

/* Whether a field names recipients for -t. With Resent- fields, only those count (RFC 5322 section 3.6.6). */
static bool names_recipients(const char *field, size_t name, bool resent)
{
    static const char *const plain[] = { "to", "cc", "bcc" };
    static const char *const again[] = { "resent-to", "resent-cc", "resent-bcc" };

    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        const char *wanted = resent ? again[i] : plain[i];
        if (strlen(wanted) == name && text_starts_with_nocase(field, wanted))
            return true;
    }
    return false;
}

static bool is_continued(const char *at)
{
    return *at == ' ' || *at == '\t';
}

/* The length of the field at the start of text, its continuation lines and last LF included. */
static size_t field_length(const char *text)
{
    size_t length = 0;

    do {
        length += strcspn(text + length, "\n");
        length += text[length] == '\n';
    } while (is_continued(text + length));
    return length;
}

static bool extract_fields(struct composer *composer, bool resent)
{
    bool any = false;

    for (const char *at = str_text(&composer->header); *at != '\0';) {
        size_t length = field_length(at);
        size_t name = field_name(at);
        if (names_recipients(at, name, resent)) {
            const char *value = strchr(at, ':') + 1;
            size_t size = (size_t)(at + length - value);
            if (size > strspn(value, " \t\r\n"))
                add_recipients(composer, value, size);
            any = true;
        }
        at += length;
    }
    return any;
}

/* Collects the header. Returns true if the line that ended it belongs to the body and is still in composer->line. */
static bool read_header(struct composer *composer, ssize_t *length)
{
    bool first = true;
    size_t field_bytes = 0;

    while ((*length = read_line(composer)) >= 0) {
        const char *line = composer->line;
        if (first && (text_starts_with(line, "From ") || text_starts_with(line, ">From ")))
            continue; /* what a mailbox file has in front of each message */
        bool goes_on = is_continued(line) && composer->header.length > 0;
        if (!goes_on && field_name(line) == 0)
            return true;
        first = false;
        if (goes_on && composer->options->extract && field_bytes >= (size_t)composer->config->header_size_limit)
            give_up(composer, "unable to extract recipients: message header length exceeds safety limit");
        field_bytes = (goes_on ? field_bytes + 1 : 0) + (size_t)*length;
        str_put_bytes(&composer->header, line, (size_t)*length);
        str_put_char(&composer->header, '\n');
    }
    return false;
}

/* --- handing over --- */

static void start_postdrop(struct composer *composer)
{
    signal(SIGPIPE, SIG_IGN); /* a postdrop that ends early shows in its status */
    if (!drop_pipe_start(&composer->drop, composer->config->command_directory))
        give_up(composer, "queue file write error");
    drop_file_begin(&composer->drop.writer, composer->drop.writer.fd, &composer->envelope);
}

static void finish_postdrop(struct composer *composer)
{
    switch (drop_pipe_finish(&composer->drop)) {
    case DROP_QUEUED:
        break;
    case DROP_TOO_BIG:
        log_warning("mail_stream_cleanup: close error");
        give_up(composer, "message file too big");
    case DROP_FAILED:
        give_up(composer, "queue file write error");
    }
}

static void copy_body(struct composer *composer, ssize_t length)
{
    while (length >= 0) {
        drop_file_text(&composer->drop.writer, composer->line, (size_t)length);
        drop_file_text(&composer->drop.writer, "\n", 1);
        length = read_line(composer);
    }
}

static void set_envelope(struct composer *composer)
{
    const struct sendmail_options *options = composer->options;
    struct envelope *envelope = &composer->envelope;

    envelope->envid = options->envid;
    envelope->ret = options->ret;
    envelope->flags = options->flags;
    if (composer->config->smtputf8_enable && composer->config->smtputf8_autodetect_classes != NULL
        && !text_is_ascii(envelope->sender))
        envelope->flags |= ENVELOPE_SMTPUTF8;
    envelope_set_attribute(envelope, composer->arena, ATTRIBUTE_REWRITE_CONTEXT, options->gateway ? "remote" : "local");
    if (*options->encoding != '\0')
        envelope_set_attribute(envelope, composer->arena, ATTRIBUTE_ENCODING, options->encoding);
    if (options->verp != NULL)
        envelope_set_attribute(envelope, composer->arena, ATTRIBUTE_VERP,
            *options->verp == '\0' ? composer->config->default_verp_delimiters : options->verp);
}

/* -XV: delimiters that nobody would find again in a bounced address are refused. */
static void check_verp(const struct composer *composer)
{
    const char *delimiters = composer->options->verp;
    const char *allowed = composer->config->verp_delimiter_filter;

    if (delimiters == NULL)
        return;
    if (*delimiters != '\0' && !verp_delimiters_are_valid(delimiters, allowed))
        log_fatal_status(75, "-V requires two characters from %s", allowed);
    if (*composer->envelope.sender == '\0')
        give_up(composer, "-V option requires non-null sender address");
}

/* What a delivery to these recipients is tried out with: -bv reads no message, but the report shows the header of one. */
static void put_probe_header(struct composer *composer)
{
    const struct envelope *envelope = &composer->envelope;
    struct str address = {0};

    address_quote(envelope->sender, &address);
    str_printf(&composer->header, "From: %s\nSubject: probe\nTo:", str_text(&address));
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        str_clear(&address);
        address_quote(envelope->recipients[i].address, &address);
        str_printf(&composer->header, "%s\t%s", i > 0 ? ",\n" : "", str_text(&address));
    }
    str_put_char(&composer->header, '\n');
    str_free(&address);
}

void compose_submit(const struct config *config, const struct sendmail_options *options)
{
    struct composer composer = { .config = config, .options = options, .arena = arena_new() };
    ssize_t length = -1;
    bool has_body = false;

    authorized_check(config, 75);
    set_sender(&composer);
    authorized_check_sender(config, composer.envelope.sender);
    check_verp(&composer);
    set_envelope(&composer);
    for (int i = 0; i < options->recipient_count; i++)
        add_recipients(&composer, options->recipients[i], strlen(options->recipients[i]));
    bool verify_only = options->flags & ENVELOPE_VERIFY_ONLY;
    if (!options->extract && composer.envelope.recipient_count == 0)
        give_up(&composer, "Recipient addresses must be specified on the command line or via the -t option");
    if (verify_only && options->extract)
        log_fatal_status(75, "-t option cannot be used with -bv");
    if (verify_only)
        put_probe_header(&composer);
    else
        has_body = read_header(&composer, &length);
    if (options->extract && !extract_fields(&composer, true))
        (void)extract_fields(&composer, false); /* whether any was there shows in the count */
    if (composer.envelope.recipient_count == 0)
        give_up(&composer, "No recipient addresses found in message header");
    start_postdrop(&composer);
    drop_file_text(&composer.drop.writer, str_text(&composer.header), composer.header.length);
    if (has_body && length > 0) /* the header ended without an empty line: the line begins the body as it is */
        drop_file_text(&composer.drop.writer, "\n", 1);
    if (has_body)
        copy_body(&composer, length);
    finish_postdrop(&composer);
    if (options->flags & (ENVELOPE_VERIFY_ONLY | ENVELOPE_TRACE))
        printf("Mail Delivery Status Report will be mailed to <%s>.\n", composer.envelope.sender);
    str_free(&composer.header);
    free(composer.line);
    arena_free(composer.arena);
}
