#include "smtpd/reply_footer.h"

#include <string.h>
#include <time.h>

#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/expand.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/reason.h"

static const char *local_time(struct session *session)
{
    char text[32] = "";
    time_t now = time(NULL);
    struct tm parts;

    if (localtime_r(&now, &parts) != NULL)
        (void)strftime(text, sizeof(text), "%b %d %H:%M:%S", &parts); /* else it stays empty */
    return arena_copy_text(session->call, text);
}

/* Of an address, or of no address at all, up to or behind its domain's "@". */
static const char *part_of(struct session *session, const char *address, bool domain)
{
    if (address == NULL)
        return "";
    if (domain)
        return address_domain(address) == NULL ? "" : address_domain(address);
    return arena_copy_bytes(session->call, address, address_local_length(address));
}

static const char *look_up(void *context, const char *name, bool *is_data)
{
    struct session *session = context;
    const struct transaction *transaction = &session->transaction;
    const struct {
        const char *name;
        const char *value;
    } names[] = {
        { "client", arena_printf(session->call, "%s[%s]", session->client.name, session->client.address) },
        { "client_address", session->client.address },
        { "client_name", session->client.name },
        { "client_port", session->client.port },
        { "reverse_client_name", session->client.reverse_name },
        { "helo_name", session->helo },
        { "localtime", local_time(session) },
        { "recipient", transaction->recipient },
        { "recipient_domain", part_of(session, transaction->recipient, true) },
        { "recipient_name", part_of(session, transaction->recipient, false) },
        { "sender", transaction->sender },
        { "sender_domain", part_of(session, transaction->sender, true) },
        { "sender_name", part_of(session, transaction->sender, false) },
        { "server_name", session->config->myhostname },
    };

    *is_data = true;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (text_equal(name, names[i].name))
            return names[i].value == NULL ? "" : names[i].value;
    }
    log_warning("unknown macro name \"%s\" in expansion request", name);
    return NULL;
}

/* "550 5.1.1 text", line ends as blanks: the key of the tables. */
static const char *whole_reply(struct session *session, const struct verdict *verdict)
{
    char *text = arena_printf(session->call, "%d %s%s%s", verdict->code, verdict->status,
        verdict->status[0] == '\0' ? "" : " ", verdict->text);

    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\n')
            *at = ' ';
    }
    return text;
}

/* A table's whole new reply; anything that isn't a refusal is not taken. */
static void replace(struct session *session, struct verdict *verdict)
{
    struct str value = {0};
    const char *reply;

    if (maps_is_empty(session->service->reject_filter)
        || maps_find(session->service->reject_filter, whole_reply(session, verdict), &value, NULL) != TABLE_FOUND) {
        str_free(&value);
        return;
    }
    reply = arena_copy_text(session->call, str_text(&value));
    str_free(&value);
    if ((reply[0] != '4' && reply[0] != '5') || !text_is_digit(reply[1]) || !text_is_digit(reply[2]) || reply[3] != ' '
        || reply[4] == '\0') {
        log_warning("smtpd_reject_filter_maps: not a 4xx or 5xx reply: %s", reply);
        return;
    }
    *verdict = (struct verdict){ .code = (reply[0] - '0') * 100 + (reply[1] - '0') * 10 + (reply[2] - '0'), .text = reply + 4 };
    int length = reason_status_length(verdict->text);
    if (length > 0 && length < (int)sizeof(verdict->status) && verdict->text[0] == reply[0]) {
        memcpy(verdict->status, verdict->text, (size_t)length);
        verdict->text += length + (int)strspn(verdict->text + length, " ");
    }
}

/* False: none is wanted. */
static bool find_template(struct session *session, const struct verdict *verdict, struct str *template)
{
    if (!maps_is_empty(session->service->footers)
        && maps_find(session->service->footers, whole_reply(session, verdict), template, NULL) == TABLE_FOUND)
        return true;
    str_set(template, session->config->smtpd_reject_footer);
    return template->length > 0;
}

/* "\n" begins a new line of the reply; so does the footer itself, unless it begins with "\c". */
static void append(struct str *text, const char *footer)
{
    if (text_starts_with(footer, "\\c"))
        footer += 2;
    else
        str_put_char(text, '\n');
    while (*footer != '\0') {
        if (text_starts_with(footer, "\\n")) {
            str_put_char(text, '\n');
            footer += 2;
        } else {
            str_put_char(text, *footer++);
        }
    }
}

struct verdict reply_footer_add(struct session *session, struct verdict verdict)
{
    struct str template = {0};
    struct str footer = {0};
    struct str why = {0};

    if (verdict.code < 400 || verdict.code > 599)
        return verdict;
    replace(session, &verdict);
    if (find_template(session, &verdict, &template)) {
        bool good = expand_text(str_text(&template), look_up, session, &footer, &why);
        if (!good) {
            log_warning("smtpd_reject_footer: bad syntax: %s", str_text(&why));
        } else {
            struct str text = {0};
            str_put(&text, verdict.text);
            append(&text, str_text(&footer));
            verdict.text = arena_copy_text(session->call, str_text(&text));
            str_free(&text);
        }
    }
    str_free(&template);
    str_free(&footer);
    str_free(&why);
    return verdict;
}
