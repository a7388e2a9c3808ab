#include "tests/fuzz/session/model.h"

#include <stdio.h>
#include <string.h>

#include "util/base/memory.h"
#include "util/base/text.h"

void model_start(struct model *model, const struct model_rules *rules)
{
    *model = (struct model){ .rules = rules, .client = "127.0.0.1" };
}

void model_stop(struct model *model)
{
    str_free(&model->text);
}

void model_forget(struct model *model)
{
    model->phase = MODEL_IDLE;
    model->mail = NULL;
    model->count = 0;
    model->hold = model->prepend = model->discard = false;
    model->forwarded = NULL;
    model->size_bytes = 0;
    model->accepted = false;
    str_clear(&model->text);
}

static bool is_refusal(int code)
{
    return code >= 400 && code < 600;
}

static bool is_bad(const struct model_step *step)
{
    return (step->phrase->traits & TRAIT_BAD) != 0;
}

/* --- one function per kind of command --- */

static bool judge_greeting(struct model *model, const struct model_step *step, int code)
{
    return code == 220;
}

static bool judge_hello(struct model *model, const struct model_step *step, int code)
{
    bool extended = (step->phrase->traits & TRAIT_EXTENDED) != 0;

    if (is_bad(step))
        return code == 501;
    if (code != 250)
        return false;
    model_forget(model); /* RFC 5321 section 4.1.4 */
    model->greeted = true;
    model->extended = model->extended || extended;
    model->pipelining = extended;
    model->helo = step->phrase->value;
    return true;
}

static bool judge_mail(struct model *model, const struct model_step *step, int code)
{
    if (model->phase != MODEL_IDLE || (!model->greeted && model->rules->helo_required))
        return code == 503;
    if (is_bad(step) || ((step->phrase->traits & TRAIT_TOO_BIG) && model->rules->size_limit > 0))
        return is_refusal(code);
    if (code != 250)
        return false;
    model->phase = MODEL_OPEN;
    model->mail = step->phrase;
    return true;
}

/* Whether our rules let the client name that recipient. */
static bool is_welcome(const struct model *model, const struct model_phrase *recipient)
{
    bool trusted = (!model->stranger && !model->rules->no_trust) || model->login != NULL;

    if (model->discard) /* who is betrayed shall not notice */
        return true;
    return !(recipient->traits & TRAIT_REFUSED) && (!(recipient->traits & TRAIT_AWAY) || trusted);
}

static bool judge_rcpt(struct model *model, const struct model_step *step, int code)
{
    unsigned traits = step->phrase->traits;

    if (model->phase != MODEL_OPEN)
        return code == 503;
    if (is_bad(step))
        return is_refusal(code);
    if (model->count == MODEL_RECIPIENTS_MAX)
        return code == 452;
    if (!is_welcome(model, step->phrase))
        return is_refusal(code);
    if (code != 250)
        return false;
    if (!model->discard) {
        model->hold = model->hold || (traits & TRAIT_HOLD);
        model->prepend = model->prepend || (traits & TRAIT_PREPEND);
        model->discard = (traits & TRAIT_DISCARD) != 0;
    }
    model->recipients[model->count++] = step->phrase;
    return true;
}

/* Whether the sender may go on to the content. */
static bool may_send(const struct model *model)
{
    return model->count > 0 && (model->discard || !(model->mail->traits & TRAIT_NO_DATA));
}

static bool judge_data(struct model *model, const struct model_step *step, int code)
{
    if (model->phase != MODEL_OPEN)
        return code == 503;
    if (is_bad(step) || !may_send(model))
        return is_refusal(code);
    model->in_content = code == 354;
    return model->in_content;
}

/* The size that a server counts isn't ours to the byte. */
enum { MARGIN_BYTES = 700 };

/* Whether a message with all that content may be taken (or must be). */
static bool judge_end(struct model *model, bool bare_lf, int code)
{
    size_t limit = model->rules->size_limit;
    bool refused = (!model->discard && (model->mail->traits & TRAIT_NO_END)) || (bare_lf && model->rules->no_bare_lf);

    if (refused || (limit > 0 && model->size_bytes > limit))
        return is_refusal(code);
    if (limit > 0 && model->size_bytes + MARGIN_BYTES > limit && is_refusal(code))
        return true;
    model->accepted = code == 250;
    return model->accepted;
}

static void add_text(struct model *model, const struct model_step *step)
{
    str_put(&model->text, step->text);
    model->size_bytes += step->size_bytes;
}

static bool judge_content(struct model *model, const struct model_step *step, int code)
{
    model->in_content = false;
    add_text(model, step);
    bool good = judge_end(model, step->bare_lf, code);
    if (!model->accepted)
        model_forget(model); /* RFC 5321 section 4.1.1.4: whatever the answer is */
    return good;
}

/* RFC 3030: nothing comes of the message any more. */
static bool spoil(struct model *model, const struct model_step *step, int code)
{
    if (step->last)
        model_forget(model);
    else
        model->phase = MODEL_SPOILED;
    return is_refusal(code);
}

/* Whether a line of the content so far ended in LF alone; chunks may cut a CR from its LF. */
static bool has_bare_lf(const struct model *model)
{
    const char *text = str_text(&model->text);
    const char *lf = text;

    while ((lf = strchr(lf, '\n')) != NULL) {
        if (lf == text || lf[-1] != '\r')
            return true;
        lf++;
    }
    return false;
}

static bool judge_chunk(struct model *model, const struct model_step *step, int code)
{
    size_t limit = model->rules->size_limit;
    bool is_null = step->size_bytes == 0 && !step->last;

    if (is_bad(step)) {
        model->closed = code == 521;
        return is_refusal(code);
    }
    if (model->phase == MODEL_IDLE || model->phase == MODEL_SPOILED || (model->phase == MODEL_OPEN && !may_send(model)))
        return spoil(model, step, code);
    add_text(model, step);
    if (model->rules->no_bare_lf && has_bare_lf(model))
        return spoil(model, step, code);
    bool may_refuse = is_null || (limit > 0 && model->size_bytes + MARGIN_BYTES > limit);
    if (is_refusal(code) && (may_refuse || step->last)) {
        bool good = !step->last || judge_end(model, false, code);
        return spoil(model, step, code) && good;
    }
    model->phase = MODEL_CHUNKS;
    return step->last ? judge_end(model, false, code) : code == 250;
}

static bool judge_rset(struct model *model, const struct model_step *step, int code)
{
    if (is_bad(step))
        return code == 501;
    model_forget(model);
    return code == 250;
}

static bool judge_vrfy(struct model *model, const struct model_step *step, int code)
{
    return (code >= 250 && code <= 252) || is_refusal(code);
}

static bool judge_noop(struct model *model, const struct model_step *step, int code)
{
    return code == 250;
}

static bool judge_etrn(struct model *model, const struct model_step *step, int code)
{
    return model->mail != NULL ? code == 503 : code == 250 || is_refusal(code);
}

static bool judge_starttls(struct model *model, const struct model_step *step, int code)
{
    if (is_bad(step) || model->tls || !model->rules->tls_offered)
        return is_refusal(code);
    if (code != 220)
        return false;
    model_forget(model); /* RFC 3207 section 4.2: all that was said before */
    model->greeted = model->extended = model->pipelining = false;
    model->login = NULL;
    model->helo = NULL;
    model->tls = true;
    model->in_handshake = true;
    model->rest_is_dropped = true;
    return true;
}

static bool judge_outcome(struct model *model, const struct model_step *step, int code)
{
    model->in_auth = (step->phrase->traits & TRAIT_CHALLENGE) != 0;
    if (model->in_auth)
        return code == 334;
    if (text_equal(step->phrase->line, "*")) /* RFC 4954 section 4 */
        return code == 501;
    if (step->phrase->value == NULL)
        return is_refusal(code);
    model->login = step->phrase->value;
    return code == 235;
}

static bool judge_auth(struct model *model, const struct model_step *step, int code)
{
    if (model->login != NULL || model->mail != NULL || (!model->rules->auth_in_plain && !model->tls)
        || (!model->greeted && model->rules->helo_required) || is_bad(step))
        return is_refusal(code);
    if (model->phase == MODEL_SPOILED && code == 503)
        return true;
    return judge_outcome(model, step, code);
}

static bool judge_xclient(struct model *model, const struct model_step *step, int code)
{
    const struct model_phrase *phrase = step->phrase;

    if (model->mail != NULL)
        return code == 503;
    if (is_bad(step))
        return code == 501;
    if (model->phase == MODEL_SPOILED && code == 503)
        return true;
    if (code != 220)
        return false;
    model_forget(model); /* XCLIENT_README: back to the greeting */
    model->greeted = model->extended = model->pipelining = false;
    model->helo = NULL;
    if (phrase->value != NULL) {
        model->client = phrase->value;
        model->stranger = (phrase->traits & TRAIT_STRANGER) != 0;
    }
    model->login = phrase->second;
    model->rest_is_dropped = true;
    return true;
}

static bool judge_xforward(struct model *model, const struct model_step *step, int code)
{
    if (model->mail != NULL)
        return code == 503;
    if (is_bad(step))
        return code == 501;
    if (model->phase == MODEL_SPOILED && code == 503)
        return true;
    model->forwarded = step->phrase->value;
    return code == 250;
}

static bool judge_quit(struct model *model, const struct model_step *step, int code)
{
    model->closed = true;
    model->rest_is_dropped = true;
    return code == 221;
}

static bool judge_nonsense(struct model *model, const struct model_step *step, int code)
{
    model->closed = code == 221 && (step->phrase->traits & TRAIT_UNCLEAR);
    return is_refusal(code) || model->closed;
}

/* RFC 2920 section 3.1: what must stand at the end of a group. RFC 3207 section 4: what is allowed before STARTTLS where TLS is
 * a must. */
enum { ENDS_GROUP = 1, ALLOWED_IN_PLAIN = 2, NO_COMMAND = 4 };

static const struct {
    bool (*judge)(struct model *model, const struct model_step *step, int code);
    unsigned flags;
} kinds[] = {
    [MODEL_GREETING] = { judge_greeting, ALLOWED_IN_PLAIN | NO_COMMAND },
    [MODEL_HELLO] = { judge_hello, ENDS_GROUP | ALLOWED_IN_PLAIN },
    [MODEL_MAIL] = { judge_mail, 0 },
    [MODEL_RCPT] = { judge_rcpt, 0 },
    [MODEL_DATA] = { judge_data, ENDS_GROUP },
    [MODEL_CONTENT] = { judge_content, NO_COMMAND },
    [MODEL_CHUNK] = { judge_chunk, 0 },
    [MODEL_RSET] = { judge_rset, 0 },
    [MODEL_VRFY] = { judge_vrfy, ENDS_GROUP },
    [MODEL_NOOP] = { judge_noop, ENDS_GROUP | ALLOWED_IN_PLAIN },
    [MODEL_ETRN] = { judge_etrn, 0 },
    [MODEL_STARTTLS] = { judge_starttls, ALLOWED_IN_PLAIN },
    [MODEL_AUTH] = { judge_auth, ENDS_GROUP },
    [MODEL_RESPONSE] = { judge_outcome, NO_COMMAND },
    [MODEL_XCLIENT] = { judge_xclient, ENDS_GROUP | ALLOWED_IN_PLAIN },
    [MODEL_XFORWARD] = { judge_xforward, 0 },
    [MODEL_QUIT] = { judge_quit, ENDS_GROUP | ALLOWED_IN_PLAIN },
    [MODEL_NONSENSE] = { judge_nonsense, ALLOWED_IN_PLAIN | NO_COMMAND },
};

bool model_judge(struct model *model, const struct model_step *step, int code, const char *reply)
{
    const struct model_rules *rules = model->rules;
    enum model_kind kind = step->phrase->kind;
    bool is_early = step->followed && !(kinds[kind].flags & NO_COMMAND)
                    && (!model->pipelining || (kinds[kind].flags & ENDS_GROUP));

    if (model->closed)
        return false;
    if (is_early && code == 554 && strstr(reply, "synchronization") != NULL) {
        model->closed = model->rest_is_dropped = true;
        return rules->no_early_input;
    }
    if (step->half)
        return false;
    if (is_early && rules->no_early_input && !model->in_pieces)
        return false;
    if (rules->tls_required && !model->tls && !(kinds[kind].flags & ALLOWED_IN_PLAIN))
        return code == 530;
    return kinds[kind].judge(model, step, code);
}

/* --- the message --- */

static bool same_recipient(const struct recipient *got, const struct model_phrase *expected)
{
    return text_equal(got->address, expected->value) && text_equal(got->original, expected->value)
           && got->notify == expected->notify && !got->done
           && (expected->second == NULL || text_equal(got->dsn_orcpt, expected->second));
}

static bool same_recipients(const struct model *model, const struct envelope *envelope)
{
    size_t expected = 0;

    for (size_t i = 0; i < model->count; i++) {
        bool is_first = true; /* the same address twice is one recipient */
        for (size_t j = 0; j < i; j++)
            is_first = is_first && model->recipients[j] != model->recipients[i];
        if (!is_first)
            continue;
        size_t at = 0;
        while (at < envelope->recipient_count && !same_recipient(&envelope->recipients[at], model->recipients[i]))
            at++;
        if (at == envelope->recipient_count)
            return false;
        expected++;
    }
    return envelope->recipient_count == expected;
}

/* Takes the header lines that the server has put on top off the text, noting them. */
static const char *take_top(const char *text, struct str *received, size_t *prepended)
{
    *prepended = 0;
    while (text_starts_with(text, "X-Prepend:") && strchr(text, '\n') != NULL) {
        (*prepended)++;
        text = strchr(text, '\n') + 1;
    }
    while (text_starts_with(text, received->length == 0 ? "Received:" : "\t") && strchr(text, '\n') != NULL) {
        const char *next = strchr(text, '\n') + 1;
        str_put_bytes(received, text, (size_t)(next - text));
        text = next;
    }
    return text;
}

/* "with ESMTPSA id": RFC 3848; "UTF8SMTPSA": RFC 6531. */
static bool protocol_is_told(const struct model *model, const char *received)
{
    bool is_utf8 = strstr(model->mail->line, "SMTPUTF8") != NULL;
    char word[32];

    if (!model->extended) /* there is no word for a login or TLS without EHLO */
        return strstr(received, "SMTP") != NULL;
    snprintf(word, sizeof(word), "with %s%s%s id", is_utf8 ? "UTF8SMTP" : "ESMTP", model->tls ? "S" : "",
        model->login != NULL ? "A" : "");
    return strstr(received, word) != NULL;
}

static bool same_origin(const struct model *model, const struct envelope *envelope)
{
    const char *address = envelope_attribute(envelope, ATTRIBUTE_CLIENT_ADDRESS);
    const char *helo = envelope_attribute(envelope, ATTRIBUTE_CLIENT_HELO);

    if (model->forwarded != NULL)
        return text_equal(address, model->forwarded);
    return text_equal(address, model->client) && text_equal(helo, model->helo == NULL ? "" : model->helo);
}

/* Line ends are LF in one and mostly CRLF in the other; a last line without any gets one; a lone CR becomes a space. */
static bool same_text(const struct model *model, const char *got)
{
    const char *sent = str_text(&model->text);

    for (; *sent != '\0'; sent++) {
        if (*sent == '\r' && sent[1] == '\n')
            continue;
        if (*got++ != (*sent == '\r' ? ' ' : *sent))
            return false;
    }
    bool is_ended = model->text.length > 0 && sent[-1] == '\n';
    return text_equal(got, is_ended ? "" : "\n");
}

bool model_compare(const struct model *model, const struct peers_message *message, const char **why)
{
    const struct envelope *envelope = &message->envelope;
    const struct model_phrase *mail = model->mail;
    struct str received = {0};
    size_t prepended;

    const char *text = take_top(str_text(&message->text), &received, &prepended);
    *why = NULL;
    if (!text_equal(envelope->sender, mail->value) || !text_equal(envelope->envid, mail->second == NULL ? "" : mail->second)
        || (envelope->ret == RET_HEADERS) != ((mail->traits & TRAIT_HEADERS) != 0))
        *why = "another sender";
    else if (!same_recipients(model, envelope))
        *why = "other recipients";
    else if (!text_equal(envelope_attribute(envelope, ATTRIBUTE_SASL_USERNAME), model->login == NULL ? "" : model->login))
        *why = "another login";
    else if (!same_origin(model, envelope))
        *why = "another client";
    else if (((envelope->flags & ENVELOPE_HOLD) != 0) != model->hold)
        *why = "held or not";
    else if ((prepended > 0) != model->prepend)
        *why = "a header from another transaction, or none";
    else if (!protocol_is_told(model, str_text(&received)))
        *why = "another protocol";
    else if (!same_text(model, text))
        *why = "other content";
    str_free(&received);
    return *why == NULL;
}
