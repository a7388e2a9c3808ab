#include "util/config/config_tls.h"

#include "util/base/text.h"
#include "util/log/log.h"

enum config_tls_level config_tls_server_level(const struct config *config)
{
    static const char *const of_clients[] = { "verify", "secure", "fingerprint", "dane", "dane-only", "half-dane" };
    const char *level = config->smtpd_tls_security_level;

    if (*level == '\0') {
        if (config->smtpd_enforce_tls || config->smtpd_tls_wrappermode)
            return CONFIG_TLS_ENCRYPT;
        return config->smtpd_use_tls ? CONFIG_TLS_MAY : CONFIG_TLS_NONE;
    }
    if (text_equal_nocase(level, "encrypt"))
        return CONFIG_TLS_ENCRYPT;
    for (size_t i = 0; i < sizeof(of_clients) / sizeof(of_clients[0]); i++) {
        if (text_equal_nocase(level, of_clients[i])) {
            log_warning("smtpd_tls_security_level: unsupported TLS level \"%s\", using \"encrypt\"", level);
            return CONFIG_TLS_ENCRYPT;
        }
    }
    if (text_equal_nocase(level, "may"))
        return config->smtpd_tls_wrappermode ? CONFIG_TLS_ENCRYPT : CONFIG_TLS_MAY;
    if (text_equal_nocase(level, "none"))
        return config->smtpd_tls_wrappermode ? CONFIG_TLS_ENCRYPT : CONFIG_TLS_NONE;
    log_fatal("Invalid TLS level \"%s\"", level);
}

static void take_common(const struct config *config, struct tls_settings *settings)
{
    settings->append_default_ca = config->tls_append_default_CA;
    settings->grades = (struct tls_grades){ .high = config->tls_high_cipherlist,
        .medium = config->tls_medium_cipherlist, .null = config->tls_null_cipherlist };
    settings->curves = config->tls_eecdh_auto_curves;
    settings->groups = config->tls_ffdhe_auto_groups;
    settings->ssl_options = config->tls_ssl_options;
    settings->disabled_workarounds = config->tls_disable_workarounds;
    settings->config_file = config->tls_config_file;
    settings->config_name = config->tls_config_name;
    settings->wildcards_span_labels = config->tls_wildcard_matches_multiple_labels;
    settings->ticket_cipher = "";
    settings->dh_file = "";
    settings->use_curves = true;
    settings->keep = -1;
}

static const char *name_cipher_list(const char *grade)
{
    if (text_equal_nocase(grade, "high"))
        return "tls_high_cipherlist";
    return text_equal_nocase(grade, "null") ? "tls_null_cipherlist" : "tls_medium_cipherlist";
}

void config_tls_server(const struct config *config, enum config_tls_level level, struct arena *arena,
    struct tls_settings *settings)
{
    bool must = level == CONFIG_TLS_ENCRYPT;
    bool require = config->smtpd_tls_req_ccert && must;
    bool ask = config->smtpd_tls_ask_ccert || require;
    const char *grade = must ? config->smtpd_tls_mandatory_ciphers : config->smtpd_tls_ciphers;
    const char *exclude[] = { config->smtpd_tls_exclude_ciphers,
        must ? config->smtpd_tls_mandatory_exclude_ciphers : "", ask ? "aNULL" : "", NULL };
    struct str list = {0};

    *settings = (struct tls_settings){
        .is_server = true,
        .prefix = "smtpd_tls_",
        .chain_files = config->smtpd_tls_chain_files,
        .cert_file = config->smtpd_tls_cert_file,
        .key_file = config->smtpd_tls_key_file,
        .dcert_file = config->smtpd_tls_dcert_file,
        .dkey_file = config->smtpd_tls_dkey_file,
        .eccert_file = config->smtpd_tls_eccert_file,
        .eckey_file = config->smtpd_tls_eckey_file,
        .ca_file = config->smtpd_tls_CAfile,
        .ca_path = config->smtpd_tls_CApath,
        .verify_depth = (int)config->smtpd_tls_ccert_verifydepth,
        .protocols = must ? config->smtpd_tls_mandatory_protocols : config->smtpd_tls_protocols,
        .protocols_name = must ? "smtpd_tls_mandatory_protocols" : "smtpd_tls_protocols",
        .cipher_list_name = name_cipher_list(grade),
        .fingerprint_digest = config->smtpd_tls_fingerprint_digest,
        .prefer_own_ciphers = config->tls_preempt_cipherlist,
        .ask_certificate = ask,
        .require_certificate = require,
        .always_issue_ids = config->smtpd_tls_always_issue_session_ids,
        .session_timeout_s = config->smtpd_tls_session_cache_timeout,
    };
    take_common(config, settings);
    settings->ticket_cipher = config->tls_session_ticket_cipher;
    settings->dh_file = config->smtpd_tls_dh1024_param_file;
    settings->use_curves = !text_equal_nocase(config->smtpd_tls_eecdh_grade, "none");
    if (!tls_ciphers_build(&settings->grades, grade, exclude, &list))
        str_set(&list, "");
    settings->cipher_list = arena_copy_text(arena, str_text(&list));
    str_free(&list);
}

void config_tls_client(const struct config *config, const char *prefix, struct tls_settings *settings)
{
    *settings = (struct tls_settings){
        .prefix = prefix,
        .chain_files = config->smtp_tls_chain_files,
        .cert_file = config->smtp_tls_cert_file,
        .key_file = config->smtp_tls_key_file,
        .dcert_file = config->smtp_tls_dcert_file,
        .dkey_file = config->smtp_tls_dkey_file,
        .eccert_file = config->smtp_tls_eccert_file,
        .eckey_file = config->smtp_tls_eckey_file,
        .ca_file = config->smtp_tls_CAfile,
        .ca_path = config->smtp_tls_CApath,
        .verify_depth = (int)config->smtp_tls_scert_verifydepth,
        .protocols = "", /* those of each destination are set later */
        .fingerprint_digest = config->smtp_tls_fingerprint_digest,
        .session_timeout_s = config->smtp_tls_session_cache_timeout,
    };
    take_common(config, settings);
    settings->protocols_name = "";
    settings->cipher_list = settings->grades.medium;
    settings->cipher_list_name = "tls_medium_cipherlist";
}
