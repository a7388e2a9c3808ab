#include "delivery/smtp/smtp_tls.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "delivery/smtp/smtp_session_state.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/config/config_tls.h"
#include "util/log/log.h"
#include "util/net/tls_log.h"

/* What isn't readable is told when a destination needs it. */
static void load_main_anchors(struct smtp_tls *tls, const char *files)
{
    struct str why = {0};

    tls->anchors_title = files;
    if (*files != '\0')
        tls->main_anchors = tls_anchors_open(files, &why);
    str_free(&why);
}

void smtp_tls_open(struct smtp_tls *tls, struct worker *worker, bool lmtp)
{
    const struct config *config = worker_config(worker);
    struct tls_settings settings;

    *tls = (struct smtp_tls){ .log_level = tls_log_level("smtp_tls_loglevel", config->smtp_tls_loglevel), .service = worker_service(worker),
        .cache_name = lmtp ? "lmtp" : "smtp" };
    smtp_tls_policy_open(&tls->rules, config, lmtp);
    tls->log_levels = maps_open(config, lmtp ? "lmtp_tls_loglevel_maps" : "smtp_tls_loglevel_maps", config->smtp_tls_loglevel_maps, TABLE_FOLD);
    if (!smtp_tls_policy_may_encrypt(&tls->rules))
        return;
    if (tls->log_level >= 2)
        log_info("initializing the client-side TLS engine");
    load_main_anchors(tls, config->smtp_tls_trust_anchor_file);
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
    maps_close(tls->log_levels);
    tls_anchors_close(tls->main_anchors);
    tls_anchors_close(tls->other_anchors);
    free(tls->other_files);
}

/* NULL: the policy names none. */
static const struct tls_anchors *find_anchors(const struct smtp_tls *tls, const char *files)
{
    if (*files == '\0')
        return NULL;
    return tls->main_anchors != NULL && text_equal(files, tls->anchors_title) ? tls->main_anchors : tls->other_anchors;
}

bool smtp_tls_load_anchors(struct smtp_tls *tls, const struct smtp_tls_policy *policy, const char *next_hop, const char *server)
{
    const char *files = policy->anchors;
    struct str why = {0};

    if (*files == '\0' || (tls->main_anchors != NULL && text_equal(files, tls->anchors_title))
        || (tls->other_anchors != NULL && text_equal(files, tls->other_files)))
        return true;
    tls_anchors_close(tls->other_anchors);
    free(tls->other_files);
    tls->other_files = memory_copy_text(files);
    tls->other_anchors = tls_anchors_open(files, &why);
    if (tls->other_anchors == NULL) {
        log_warning("%s", str_text(&why));
        log_warning("TLS policy lookup for %s/%s: client TLS configuration problem", next_hop, server);
    }
    str_free(&why);
    return tls->other_anchors != NULL;
}

/* By the server's name, then by its address; otherwise the level is that of all servers. */
static int log_level_for(const struct smtp_tls *tls, const struct smtp_session *session)
{
    const char *const keys[] = { session->name, session->address };
    struct str value = {0};
    int level = tls->log_level;

    for (size_t i = 0; i < COUNT_OF(keys) && !maps_is_empty(tls->log_levels); i++) {
        if (maps_find(tls->log_levels, keys[i], &value, NULL) == TABLE_FOUND) {
            level = tls_log_level("smtp_tls_loglevel_maps", str_text(&value));
            break;
        }
    }
    str_free(&value);
    return level;
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
static const char *session_key(const struct smtp_tls *tls, const struct smtp_session *session, const char *cipher_list,
    const struct tls_anchors *anchors)
{
    const struct smtp_tls_policy *policy = &session->policy;
    struct str way = {0};
    struct str key = {0};

    if (tls->sessions == NULL)
        return "";
    str_printf(&way, "%s&%d&%s&%s", policy->server_name, (int)policy->level, policy->protocols, cipher_list);
    for (size_t i = 0; i < policy->match_count; i++)
        str_printf(&way, "&%s", policy->match[i]);
    if (anchors != NULL)
        tls_anchors_put(anchors, &way);
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

    const struct tls_anchors *anchors = find_anchors(tls, policy->anchors);
    int log_level = log_level_for(tls, session);
    session->is_broken = true; /* until it is proved otherwise */
    if (log_level >= 2)
        log_info("setting up TLS connection to %s", session->relay);
    if (!use_policy(tls, session, &cipher_list))
        return false;
    if (log_level >= 2)
        log_info("%s: TLS cipher list \"%s\"", session->relay, cipher_list);
    const struct tls_wish wish = {
        .server_name = policy->server_name,
        .names = by_name ? policy->match : NULL,
        .name_count = by_name ? policy->match_count : 0,
        .fingerprints = by_fingerprint ? policy->match : NULL,
        .fingerprint_count = by_fingerprint ? policy->match_count : 0,
        .anchors = anchors,
        .match_is_required = by_name || by_fingerprint,
        .cache_name = tls->cache_name,
        .session_key = session_key(tls, session, cipher_list, anchors),
    };
    session->tls = tls_connect(tls->context, stream_fd(session->stream), session->relay, log_level, timeout_s,
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
