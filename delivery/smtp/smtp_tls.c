#include "delivery/smtp/smtp_tls.h"

#include "delivery/smtp/smtp_session.h"
#include "util/base/text.h"
#include "util/config/config_tls.h"
#include "util/log/log.h"
#include "util/net/tls_log.h"

void smtp_tls_open(struct smtp_tls *tls, const struct config *config, bool lmtp, int keep)
{
    struct tls_settings settings;

    *tls = (struct smtp_tls){ .log_level = tls_log_level(config->smtp_tls_loglevel),
        .keeps_sessions = *config->smtp_tls_session_cache_database != '\0' };
    smtp_tls_policy_open(&tls->rules, config, lmtp);
    if (!smtp_tls_policy_may_encrypt(&tls->rules))
        return;
    if (tls->log_level >= 2)
        log_info("initializing the client-side TLS engine");
    config_tls_client(config, lmtp ? "lmtp_tls_" : "smtp_tls_", &settings);
    settings.keep = keep;
    tls->context = tls_context_open(&settings, NULL);
}

void smtp_tls_close(struct smtp_tls *tls)
{
    tls_context_close(tls->context);
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

/* Sessions go on only between connections that would be made in the very same way. */
static const char *session_key(const struct smtp_tls *tls, const struct smtp_session *session, const char *cipher_list)
{
    const struct smtp_tls_policy *policy = &session->policy;
    struct str key = {0};

    if (!tls->keeps_sessions)
        return "";
    str_printf(&key, "%s&%s&%d&%s&%s", session->relay, policy->server_name, (int)policy->level, policy->protocols,
        cipher_list);
    for (size_t i = 0; i < policy->match_count; i++)
        str_printf(&key, "&%s", policy->match[i]);
    const char *text = arena_copy_text(session->arena, str_text(&key));
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
