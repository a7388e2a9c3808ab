#include "delivery/smtp/smtp_tls.h"

#include <openssl/sha.h>

#include "delivery/smtp/smtp_session.h"
#include "util/base/text.h"
#include "util/config/config_tls.h"
#include "util/log/log.h"
#include "util/net/tls_log.h"

void smtp_tls_open(struct smtp_tls *tls, struct worker *worker, bool lmtp)
{
    const struct config *config = worker_config(worker);
    struct tls_settings settings;

    *tls = (struct smtp_tls){ .log_level = tls_log_level("smtp_tls_loglevel", config->smtp_tls_loglevel), .service = worker_service(worker),
        .cache_name = lmtp ? "lmtp" : "smtp" };
    smtp_tls_policy_open(&tls->rules, config, lmtp);
    if (!smtp_tls_policy_may_encrypt(&tls->rules))
        return;
    if (tls->log_level >= 2)
        log_info("initializing the client-side TLS engine");
    config_tls_client(config, lmtp ? "lmtp_tls_" : "smtp_tls_", &settings);
    settings.keep = worker_tls_keep(worker);
    tls->context = tls_context_open(&settings, NULL);
    if (tls->context == NULL || *config->smtp_tls_session_cache_database == '\0' || config->smtp_tls_session_cache_timeout <= 0)
        return;
    tls->sessions = tls_sessions_open(worker, tls->cache_name, tls->log_level);
    tls_context_use_store(tls->context, &tls_sessions_store, tls->sessions);
}

void smtp_tls_close(struct smtp_tls *tls)
{
    tls_context_close(tls->context);
    tls_sessions_close(tls->sessions);
    smtp_tls_policy_close(&tls->rules);
}

static bool use_policy(struct smtp_tls *tls, const struct smtp_session *session, const char **cipher_list)
{
    const struct smtp_tls_policy *policy = &session->policy;
    const char *who = arena_printf(session->arena, "%s: ", session->relay);
    struct str list = {0};

    bool good = tls_ciphers_build(&tls_context_settings(tls->context)->grades, policy->ciphers, policy->exclude, &list);
    if (!good)
        log_warning("%sinvalid cipher grade: \"%s\"", who, policy->ciphers);
    good = good && tls_context_use(tls->context, policy->protocols, str_text(&list), who);
    *cipher_list = arena_copy_text(session->arena, str_text(&list));
    str_free(&list);
    return good;
}

/* In short what the handshake was to be like: it may be longer than a key. */
static void put_digest(const struct str *text, struct str *out)
{
    unsigned char digest[SHA256_DIGEST_LENGTH];

    (void)SHA256((const unsigned char *)str_text(text), text->length, digest); /* gives its last argument */
    for (size_t i = 0; i < sizeof(digest); i++)
        str_printf(out, "%02X", digest[i]);
}

/* Sessions go on only between connections that would be made in the very same way. */
static const char *session_key(const struct smtp_tls *tls, const struct smtp_session *session, const char *cipher_list)
{
    const struct smtp_tls_policy *policy = &session->policy;
    struct str way = {0};
    struct str key = {0};

    if (tls->sessions == NULL)
        return "";
    str_printf(&way, "%s&%d&%s&%s", policy->server_name, (int)policy->level, policy->protocols, cipher_list);
    for (size_t i = 0; i < policy->match_count; i++)
        str_printf(&way, "&%s", policy->match[i]);
    str_printf(&key, "%s&%s&%s&", tls->service, session->relay, session->address);
    put_digest(&way, &key);
    const char *text = arena_copy_text(session->arena, str_text(&key));
    str_free(&way);
    str_free(&key);
    return text;
}

bool smtp_tls_start(struct smtp_tls *tls, struct smtp_session *session, int64_t timeout_s)
{
    const struct smtp_tls_policy *policy = &session->policy;
    const char *cipher_list;
    bool by_name = policy->level >= SMTP_TLS_VERIFY;
    bool by_fingerprint = policy->level == SMTP_TLS_FINGERPRINT;

    session->is_broken = true; /* until it is proved otherwise */
    if (tls->log_level >= 2)
        log_info("setting up TLS connection to %s", session->relay);
    if (!use_policy(tls, session, &cipher_list))
        return false;
    if (tls->log_level >= 2)
        log_info("%s: TLS cipher list \"%s\"", session->relay, cipher_list);
    const struct tls_wish wish = {
        .server_name = policy->server_name,
        .names = by_name ? policy->match : NULL,
        .name_count = by_name ? policy->match_count : 0,
        .fingerprints = by_fingerprint ? policy->match : NULL,
        .fingerprint_count = by_fingerprint ? policy->match_count : 0,
        .match_is_required = by_name || by_fingerprint,
        .cache_name = tls->cache_name,
        .session_key = session_key(tls, session, cipher_list),
    };
    session->tls = tls_connect(tls->context, stream_fd(session->stream), session->relay, tls->log_level, timeout_s,
        &wish);
    if (session->tls == NULL)
        return false;
    session->is_broken = false;
    stream_discard_input(session->stream); /* said in plain text: by whomever */
    stream_set_transport(session->stream, &tls_transport, session->tls);
    session->can = 0;
    session->size_limit = 0;
    return true;
}

bool smtp_tls_is_satisfied(const struct smtp_session *session)
{
    return session->policy.level < SMTP_TLS_FINGERPRINT || tls_facts(session->tls)->trust == TLS_VERIFIED;
}
