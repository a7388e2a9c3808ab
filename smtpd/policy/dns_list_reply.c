#include "smtpd/policy/dns_list_reply.h"

#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/expand.h"
#include "util/log/log.h"
#include "util/mail/address.h"
#include "util/mail/reason.h"

struct expansion {
    struct evaluation *evaluation;
    const struct listing *listing;
    const char *allowed; /* smtpd_expansion_filter, escapes resolved */
    bool unknown_name;
};

static const char *or_null_address(const char *text)
{
    return text == NULL || *text == '\0' ? "<>" : text;
}

static const char *domain_of(const char *address)
{
    const char *domain = address == NULL ? NULL : address_domain(address);

    return domain == NULL ? "" : domain;
}

static const char *local_part(struct expansion *expansion, const char *address)
{
    if (address == NULL || *address == '\0')
        return "<>";
    return arena_copy_bytes(expansion->evaluation->arena, address, address_local_length(address));
}

static const char *code_text(struct expansion *expansion)
{
    return arena_printf(expansion->evaluation->arena, "%d",
        (int)expansion->evaluation->policy->config->maps_rbl_reject_code);
}

static const char *find_name(struct expansion *expansion, const char *name)
{
    const struct policy_facts *facts = expansion->evaluation->facts;
    const struct listing *listing = expansion->listing;
    const struct {
        const char *name;
        const char *value;
    } names[] = {
        { "client", arena_printf(expansion->evaluation->arena, "%s[%s]", facts->client->name, facts->client->address) },
        { "client_address", facts->client->address },
        { "client_name", facts->client->name },
        { "client_port", facts->client->port },
        { "reverse_client_name", facts->client->reverse_name },
        { "helo_name", facts->helo == NULL ? "" : facts->helo },
        { "rbl_class", listing->class },
        { "rbl_code", code_text(expansion) },
        { "rbl_domain", listing->domain },
        { "rbl_reason", listing->reason },
        { "rbl_txt", listing->reason },
        { "rbl_what", listing->what },
        { "recipient", or_null_address(facts->recipient) },
        { "recipient_domain", domain_of(facts->recipient) },
        { "recipient_name", local_part(expansion, facts->recipient) },
        { "sender", or_null_address(facts->sender) },
        { "sender_domain", domain_of(facts->sender) },
        { "sender_name", local_part(expansion, facts->sender) },
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (text_equal(names[i].name, name))
            return names[i].value;
    }
    return NULL;
}

/* What isn't in smtpd_expansion_filter becomes '_'. */
static const char *look_up(void *context, const char *name, bool *is_data)
{
    struct expansion *expansion = context;
    const char *value = find_name(expansion, name);

    *is_data = true;
    if (value == NULL) {
        log_warning("unknown macro name \"%s\" in expansion request", name);
        expansion->unknown_name = true;
        return NULL;
    }
    char *clean = arena_copy_text(expansion->evaluation->arena, value);
    for (char *at = clean; *at != '\0'; at++) {
        if (strchr(expansion->allowed, *at) == NULL)
            *at = '_';
    }
    return clean;
}

/* C-like escapes: \t, \40. */
static const char *resolve_escapes(const char *text, struct arena *arena)
{
    char *out = arena_allocate(arena, strlen(text) + 1);
    size_t length = 0;

    while (*text != '\0') {
        char c = *text++;
        if (c == '\\' && *text >= '0' && *text <= '7') {
            unsigned value = 0;
            for (int i = 0; i < 3 && *text >= '0' && *text <= '7'; i++)
                value = value * 8 + (unsigned)(*text++ - '0');
            c = (char)value;
        } else if (c == '\\' && *text != '\0') {
            c = *text++;
            c = c == 't' ? '\t' : c == 'n' ? '\n' : c == 'r' ? '\r' : c;
        }
        if (c != '\0')
            out[length++] = c;
    }
    out[length] = '\0';
    return out;
}

static bool expand(struct expansion *expansion, const char *template, struct str *out)
{
    struct str why = {0};

    str_clear(out);
    expansion->unknown_name = false;
    bool good = expand_text(template, look_up, expansion, out, &why) && !expansion->unknown_name;
    str_free(&why);
    return good;
}

static enum decision refuse(struct evaluation *evaluation, const struct listing *listing, const char *reply)
{
    const char *text = reply + 4;
    char status[REASON_STATUS_BYTES] = "5.7.1";
    bool is_reply = (reply[0] == '4' || reply[0] == '5') && text_is_digit(reply[1]) && text_is_digit(reply[2])
                    && text_is_space(reply[3]);

    if (!is_reply) {
        log_warning("rbl response code configuration error: %s", reply);
        return evaluation_reject_text(evaluation, 450, "4.7.1", listing->subject, "Service unavailable");
    }
    text += strspn(text, " \t");
    int length = reason_status_length(text);
    if (length > 0 && length < (int)sizeof(status)) {
        memcpy(status, text, (size_t)length);
        status[length] = '\0';
        text += length + strspn(text + length, " \t");
    }
    int code = (reply[0] - '0') * 100 + (reply[1] - '0') * 10 + (reply[2] - '0');
    enum decision decision =
        evaluation_reject_text(evaluation, code, status, listing->subject, arena_copy_text(evaluation->arena, text));
    if (decision == DECISION_REJECT && (code == 521 || code == 421))
        evaluation->result->ends_session = true;
    return decision;
}

enum decision dns_list_reply(struct evaluation *evaluation, const struct listing *listing)
{
    const struct config *config = evaluation->policy->config;
    struct expansion expansion = { .evaluation = evaluation, .listing = listing,
        .allowed = resolve_escapes(config->smtpd_expansion_filter, evaluation->arena) };
    struct str template = {0};
    struct str reply = {0};
    enum decision decision;

    enum table_result result = maps_is_empty(evaluation->policy->rbl_reply_maps)
                                   ? TABLE_ABSENT
                                   : maps_find(evaluation->policy->rbl_reply_maps, listing->as_written, &template, NULL);
    if (result == TABLE_FAILED) {
        decision = evaluation_server_error(evaluation);
    } else {
        if (result == TABLE_FOUND && !expand(&expansion, str_text(&template), &reply))
            log_warning("rbl_reject_reply: bad rbl reply template for domain %s: %s", listing->as_written,
                str_text(&template));
        if (result != TABLE_FOUND || reply.length == 0 || expansion.unknown_name)
            (void)expand(&expansion, config->default_rbl_reply, &reply); /* what is bad in it shows in the reply */
        decision = refuse(evaluation, listing, str_text(&reply));
    }
    str_free(&template);
    str_free(&reply);
    return decision;
}
