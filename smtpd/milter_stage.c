#include "smtpd/milter_stage.h"

#include <string.h>

#include "qmgr/intake/milter/milter_list.h"
#include "smtpd/milter_macros.h"
#include "smtpd/session.h"
#include "util/base/text.h"

/* The filters of this client, as smtpd_milters writes them. */
static const char *choose(struct session *session, struct str *value)
{
    struct service *service = session->service;

    if (maps_is_empty(service->milter_maps))
        return session->config->smtpd_milters;
    switch (maps_find(service->milter_maps, session->client.address, value, NULL)) {
    case TABLE_FOUND:
        return text_equal_nocase(str_text(value), "DISABLE") ? "" : str_text(value);
    case TABLE_FAILED:
    case TABLE_ABSENT:
        break;
    }
    return session->config->smtpd_milters;
}

/* Carries out what the filters decided. code 0: go on. */
static struct verdict apply(struct session *session, struct milter_decision decision, const char *stage,
    const char *recipient)
{
    struct str text = {0};

    switch (decision.outcome) {
    case MILTER_GO_ON:
        break;
    case MILTER_HOLD:
        session->transaction.hold = true;
        session_log_action(session, "milter-hold", stage, "milter triggers HOLD action", recipient);
        break;
    case MILTER_DISCARD:
        session->transaction.discard = true;
        session_log_action(session, "milter-discard", stage, "milter triggers DISCARD action", recipient);
        break;
    case MILTER_REFUSE:
        str_printf(&text, "%d %s%s%s", decision.verdict.code, decision.verdict.status,
            decision.verdict.status[0] == '\0' || *decision.verdict.text == '\0' ? "" : " ", decision.verdict.text);
        session_log_action(session, "milter-reject", stage, str_text(&text), recipient);
        session->trouble |= TROUBLE_POLICY;
        break;
    }
    str_free(&text);
    return decision.outcome == MILTER_REFUSE ? decision.verdict : (struct verdict){0};
}

/* NULL: filters aren't to hear of it. */
static struct milter_list *listeners(struct session *session)
{
    session->milter_in_content = false;
    return session->transaction.discard ? NULL : session->milters;
}

struct verdict milter_stage_connect(struct session *session)
{
    const struct milter_macros macros = { .value = milter_macros_value, .context = session };
    struct str value = {0};

    if (session->service->no_milters)
        return (struct verdict){0};
    session->milters = milter_list_open(session->config, choose(session, &value), &macros);
    session->transaction.milters = session->milters;
    str_free(&value);
    struct verdict verdict = apply(session,
        milter_list_connect(session->milters, session->client.name, session->client.address, session->client.port),
        "CONNECT", NULL);
    session->transaction.hold = false; /* what is about the session comes again with each command */
    if (verdict.code == 421)
        return (struct verdict){ .code = 421,
            .text = arena_printf(session->call, "%s Service unavailable - try again later", session->config->myhostname) };
    if (verdict.code < 500)
        return (struct verdict){0}; /* it comes again with each command */
    return (struct verdict){ .code = 554,
        .text = arena_printf(session->call, "%s ESMTP not accepting connections", session->config->myhostname) };
}

void milter_stage_stop(struct session *session)
{
    milter_list_close(session->milters);
    session->milters = NULL;
    session->transaction.milters = NULL;
}

struct verdict milter_stage_helo(struct session *session, const char *name)
{
    bool hold = session->transaction.hold;

    struct verdict verdict = apply(session, milter_list_helo(listeners(session), name), session->where, NULL);
    session->transaction.hold = hold;
    session->milter_refuses = verdict.code >= 500;
    return verdict.code == 421 ? verdict : (struct verdict){0}; /* anything else comes again with each command */
}

static size_t split_words(struct session *session, const char *word, const char *rest, const char **words, size_t limit)
{
    const char *next;
    size_t length;
    size_t count = 0;

    words[count++] = word;
    while (count < limit && text_next_word(&rest, " \t", &next, &length))
        words[count++] = arena_copy_bytes(session->call, next, length);
    return count;
}

enum { WORDS_MAX = 32 }; /* more parameters than there are */

struct verdict milter_stage_mail(struct session *session, const char *word, const char *rest)
{
    const char *words[WORDS_MAX];

    if (listeners(session) == NULL)
        return (struct verdict){0};
    size_t count = split_words(session, word, rest, words, WORDS_MAX);
    return apply(session, milter_list_mail(session->milters, words, count), "MAIL", NULL);
}

struct verdict milter_stage_rcpt(struct session *session, const char *word, const char *rest, const char *recipient)
{
    const char *words[WORDS_MAX];

    if (listeners(session) == NULL)
        return (struct verdict){0};
    size_t count = split_words(session, word, rest, words, WORDS_MAX);
    session->milter_recipient = recipient;
    struct verdict verdict = apply(session, milter_list_rcpt(session->milters, words, count), "RCPT", recipient);
    session->milter_recipient = NULL;
    return verdict;
}

/* "<a@b>: Recipient address rejected: why": filters get the text alone. */
static const char *without_subject(const char *text)
{
    const char *colon = text[0] == '<' ? strstr(text, ">: ") : NULL;

    return colon == NULL ? text : colon + 3;
}

void milter_stage_refused_rcpt(struct session *session, const char *word, const char *rest, const struct verdict *refusal)
{
    const char *words[WORDS_MAX];
    struct verdict shown = *refusal;

    if (listeners(session) == NULL)
        return;
    size_t count = split_words(session, word, rest, words, WORDS_MAX);
    shown.text = without_subject(shown.text);
    session->milter_refusal = &shown;
    milter_list_refused_rcpt(session->milters, words, count);
    session->milter_refusal = NULL;
}

struct verdict milter_stage_data(struct session *session)
{
    return apply(session, milter_list_data(listeners(session)), "DATA", session->transaction.recipient);
}

struct verdict milter_stage_unknown(struct session *session, const char *verb)
{
    return apply(session, milter_list_unknown(listeners(session), verb), "UNKNOWN", NULL);
}

void milter_stage_content(struct session *session)
{
    struct milter_list *milters = listeners(session);

    session->milter_in_content = true;
    if (milters != NULL)
        intake_milters(session->transaction.message, milters);
}

void milter_stage_forget(struct session *session)
{
    milter_list_abort(session->milters);
}
