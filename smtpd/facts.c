#include "smtpd/facts.h"

#include <time.h>
#include <unistd.h>

#include "smtpd/session.h"
#include "util/mail/xtext.h"

/* The same for all questions about one message; another one for the next. */
static const char *instance(struct session *session, enum policy_stage stage)
{
    if (session->instance == NULL) {
        struct timespec now;
        (void)clock_gettime(CLOCK_REALTIME, &now); /* can't fail for this clock */
        session->instance = arena_printf(session->arena, "%x.%llx.%lx", (unsigned)getpid(),
            (unsigned long long)now.tv_sec, now.tv_nsec / 1000);
    }
    if (stage == POLICY_MAIL)
        session->mail_number++;
    return arena_printf(session->call, "%s.%x", session->instance,
        session->mail_number == 0 ? 0 : session->mail_number - 1);
}

static const char *as_xtext(struct session *session, const char *text)
{
    struct str coded = {0};

    if (text == NULL || *text == '\0')
        return "";
    xtext_put(&coded, text);
    const char *kept = arena_copy_text(session->call, str_text(&coded));
    str_free(&coded);
    return kept;
}

static void put_tls(struct session *session, struct policy_session *facts)
{
    const struct tls_facts *tls = session->tls == NULL ? NULL : tls_facts(session->tls);

    if (tls == NULL)
        return;
    facts->encryption_protocol = tls->protocol;
    facts->encryption_cipher = tls->cipher;
    facts->encryption_keysize = tls->cipher_bits;
    if (!tls->has_certificate)
        return;
    facts->ccert_fingerprint = tls->fingerprint; /* says who it is even where nobody vouches for the names */
    facts->ccert_pubkey_fingerprint = tls->key_fingerprint;
    if (tls->trust < TLS_TRUSTED)
        return;
    facts->ccert_subject = as_xtext(session, tls->subject);
    facts->ccert_issuer = as_xtext(session, tls->issuer);
}

struct policy_session facts_of_session(struct session *session, enum policy_stage stage, const char *state)
{
    const struct transaction *transaction = &session->transaction;
    struct policy_session facts = { .state = state, .protocol = session_protocol(session),
        .server_address = session->server_address, .server_port = session->server_port,
        .queue_id = transaction->message == NULL ? "" : session_queue_id(session),
        .size_bytes = stage == POLICY_END_OF_MESSAGE ? transaction->framing.size_bytes
                                                     : (uint64_t)transaction->parameters.size_bytes,
        .sasl_method = session->login.method, .sasl_user = session->login.user, .instance = instance(session, stage) };

    if (stage == POLICY_DATA)
        facts.state = "DATA"; /* BDAT, too */
    put_tls(session, &facts);
    return facts;
}
