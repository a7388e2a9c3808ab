#include "util/net/tls_context.h"

#include <errno.h>
#include <openssl/conf.h>
#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"
#include "util/net/tls_chain.h"
#include "util/net/tls_fingerprint.h"
#include "util/net/tls_keep.h"
#include "util/net/tls_key_exchange.h"
#include "util/net/tls_log.h"
#include "util/net/tls_names.h"
#include "util/net/tls_options.h"
#include "util/net/tls_protocols.h"
#include "util/net/tls_server_session.h"
#include "util/net/tls_ticket.h"

enum { LOOK_INTERVAL_MS = 10000, FILES_MAX = TLS_MATERIAL_FILES_MAX, DAY_S = 86400 };

struct file_state {
    char *name;
    struct timespec modified;
};

struct tls_context {
    SSL_CTX *ssl;
    struct tls_settings settings;
    const EVP_MD *digest;
    struct str protocols;   /* in force */
    struct str cipher_list;
    struct tls_ticket *ticket;
    bool wants_tickets;
    struct tls_names *names;
    struct tls_session_cache *sessions;
    struct file_state files[FILES_MAX];
    size_t file_count;
    int64_t looked_ms;
};

/* The library reads its configuration once per process; the first context decides. */
static bool start_library(const struct tls_settings *settings, struct str *why)
{
    bool is_default = text_equal(settings->config_file, "default");
    OPENSSL_INIT_SETTINGS *init;

    if (text_equal(settings->config_file, "none"))
        return OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1;
    if (is_default && *settings->config_name == '\0')
        return OPENSSL_init_ssl(0, NULL) == 1;
    init = OPENSSL_INIT_new();
    if (init == NULL)
        return false;
    unsigned long flags = CONF_MFLAGS_DEFAULT_SECTION | CONF_MFLAGS_IGNORE_MISSING_FILE;
    bool good = true;
    if (!is_default) {
        flags = 0;
        good = OPENSSL_INIT_set_config_filename(init, settings->config_file) == 1;
    }
    OPENSSL_INIT_set_config_file_flags(init, flags);
    if (*settings->config_name != '\0')
        good = good && OPENSSL_INIT_set_config_appname(init, settings->config_name) == 1;
    good = good && OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG, init) == 1;
    OPENSSL_INIT_free(init);
    if (good || is_default)
        return true;
    str_clear(why);
    str_printf(why, "tls_config_file: %s: can't be loaded", settings->config_file);
    log_warning("error loading the '%s' settings from the %s OpenSSL configuration file, disabling TLS support",
        *settings->config_name == '\0' ? "global" : settings->config_name, settings->config_file);
    tls_log_problems();
    return false;
}

static void remember_files(struct tls_context *context, const char *list)
{
    const char *word;
    size_t length;
    struct stat status;

    while (context->file_count < FILES_MAX && text_next_word(&list, TEXT_LIST_SEPARATORS, &word, &length)) {
        struct file_state *file = &context->files[context->file_count];
        file->name = memory_copy_bytes(word, length);
        if (stat(file->name, &status) != 0) {
            free(file->name);
            continue;
        }
        file->modified = status.st_mtim;
        context->file_count++;
    }
}

static bool load_pair(struct tls_context *context, const struct tls_material *material, const char *kind, const char *infix,
    const char *cert_file, const char *key_file, struct str *why)
{
    struct str cert_parameter = {0};
    struct str key_parameter = {0};

    if (*cert_file == '\0' || text_equal(cert_file, "none"))
        return true;
    str_printf(&cert_parameter, "%s%scert_file", context->settings.prefix, infix);
    str_printf(&key_parameter, "%s%skey_file", context->settings.prefix, infix);
    const struct tls_chain_pair pair = { .kind = kind, .cert_parameter = str_text(&cert_parameter), .cert_file = cert_file,
        .key_parameter = str_text(&key_parameter), .key_file = *key_file == '\0' ? cert_file : key_file };
    bool good = tls_chain_load_pair(context->ssl, material, &pair, why);
    str_free(&cert_parameter);
    str_free(&key_parameter);
    return good;
}

static bool has_pair(const struct tls_settings *settings)
{
    return *settings->cert_file != '\0' || *settings->dcert_file != '\0' || *settings->eccert_file != '\0';
}

bool tls_context_has_keys(const struct tls_settings *settings)
{
    return *settings->chain_files != '\0' || has_pair(settings);
}

static bool load_keys(struct tls_context *context, const struct tls_material *material, struct str *why)
{
    const struct tls_settings *settings = &context->settings;

    if (*settings->chain_files != '\0') {
        if (settings->is_server && has_pair(settings)) /* clients never said so */
            log_warning("Both %schain_files and one or more of the legacy  %scert_file, %seccert_file or "
                        "%sdcert_file are non-empty; the legacy  parameters will be ignored", settings->prefix, settings->prefix,
                settings->prefix, settings->prefix);
        struct str parameter = {0};
        str_printf(&parameter, "%schain_files", settings->prefix);
        bool good = tls_chain_load_files(context->ssl, material, str_text(&parameter), settings->chain_files, why);
        str_free(&parameter);
        return good;
    }
    if (settings->is_server && !has_pair(settings)) {
        log_warning("No server certs available. TLS won't be enabled");
        str_set(why,
            "smtpd_tls_chain_files: neither this nor smtpd_tls_cert_file is set: TLS needs a key and a certificate");
        return false;
    }
    return load_pair(context, material, "RSA", "", settings->cert_file, settings->key_file, why)
        && load_pair(context, material, "DSA", "d", settings->dcert_file, settings->dkey_file, why)
        && load_pair(context, material, "ECDSA", "ec", settings->eccert_file, settings->eckey_file, why);
}

/* The list of files that have to do with keys. Pairs that are switched off are in it: it is a name, too. */
static void put_key_files(const struct tls_settings *settings, struct str *list)
{
    const char *const pairs[] = { settings->cert_file, settings->key_file, settings->dcert_file, settings->dkey_file,
        settings->eccert_file, settings->eckey_file };

    if (*settings->chain_files != '\0') {
        str_put(list, settings->chain_files);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        bool is_file = *pairs[i] != '\0' && !text_equal(pairs[i], "none");
        if (is_file && !(i % 2 == 1 && *pairs[i - 1] == '\0')) /* a key without a certificate is never used */
            str_printf(list, list->length > 0 ? " %s" : "%s", pairs[i]);
    }
}

static bool load_authorities(struct tls_context *context, struct str *why)
{
    const struct tls_settings *settings = &context->settings;
    const char *file = *settings->ca_file == '\0' ? NULL : settings->ca_file;
    const char *path = *settings->ca_path == '\0' ? NULL : settings->ca_path;

    if (settings->append_default_ca && SSL_CTX_set_default_verify_paths(context->ssl) != 1)
        log_info("cannot set default OpenSSL certificate verification paths: disabling TLS support");
    if ((file != NULL || path != NULL) && SSL_CTX_load_verify_locations(context->ssl, file, path) != 1) {
        str_clear(why);
        str_printf(why, "%sCAfile: %s: can't be loaded", settings->prefix, settings->ca_file);
        log_info("cannot load Certification Authority data, %s%s%s%s%s%s: disabling TLS support",
            file == NULL ? "" : "CAfile=\"", settings->ca_file, file == NULL ? "" : "\"",
            path == NULL ? "" : file == NULL ? "CApath=\"" : ", CApath=\"", settings->ca_path,
            path == NULL ? "" : "\"");
        tls_log_problems();
        return false;
    }
    if (settings->is_server && settings->ask_certificate && file != NULL)
        SSL_CTX_set_client_CA_list(context->ssl, SSL_load_client_CA_file(file));
    return true;
}

static void set_options(struct tls_context *context)
{
    const struct tls_settings *settings = &context->settings;
    uint64_t workarounds;
    uint64_t options;

    (void)tls_options_workarounds(settings->disabled_workarounds, &workarounds); /* unknown words are warned of */
    (void)tls_options_parse("tls_ssl_options", settings->ssl_options, &options); /* likewise */
    context->wants_tickets = !(options & SSL_OP_NO_TICKET);
    SSL_CTX_clear_options(context->ssl, SSL_OP_ALL & ~workarounds);
    SSL_CTX_set_options(context->ssl, workarounds | options);
    if (settings->prefer_own_ciphers)
        SSL_CTX_set_options(context->ssl, SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
            | SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(context->ssl, 1);
    SSL_CTX_set_verify_depth(context->ssl, settings->verify_depth);
    SSL_CTX_set_security_level(context->ssl, 0); /* which versions and ciphers are good enough is main.cf's to say */
}

static void set_server(struct tls_context *context)
{
    static const unsigned char session_context[] = "smtpd";

    tls_key_exchange_set_dh(context->ssl, context->settings.dh_file);
    SSL_CTX_set_session_cache_mode(context->ssl, context->settings.always_issue_ids || *context->settings.ticket_cipher != '\0'
            ? SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL | SSL_SESS_CACHE_NO_AUTO_CLEAR : SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_session_id_context(context->ssl, session_context, sizeof(session_context) - 1); /* short enough */
    SSL_CTX_set_options(context->ssl, SSL_OP_NO_TICKET);
    if (context->settings.session_timeout_s > 0)
        SSL_CTX_set_timeout(context->ssl, (long)context->settings.session_timeout_s);
}

bool tls_context_use(struct tls_context *context, const char *protocols, const char *cipher_list, const char *who)
{
    const uint64_t every =
        SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3;
    const char *end = context->settings.is_server ? "disabling TLS support" : "aborting TLS session";
    struct tls_protocols parsed;

    if (!text_equal(str_text(&context->protocols), protocols) || context->protocols.data == NULL) {
        if (!tls_protocols_parse(protocols, &parsed)) {
            log_warning("%sInvalid TLS protocol list \"%s\": %s", who, protocols, end);
            return false;
        }
        if (SSL_CTX_set_min_proto_version(context->ssl, parsed.minimum) != 1
            || SSL_CTX_set_max_proto_version(context->ssl, parsed.maximum) != 1) {
            log_warning("%sInvalid TLS protocol list \"%s\": %s", who, protocols, end);
            tls_log_problems();
            return false;
        }
        SSL_CTX_clear_options(context->ssl, every & ~parsed.forbidden);
        SSL_CTX_set_options(context->ssl, parsed.forbidden);
        str_set(&context->protocols, protocols);
    }
    if (!text_equal(str_text(&context->cipher_list), cipher_list) || context->cipher_list.data == NULL) {
        if (SSL_CTX_set_cipher_list(context->ssl, cipher_list) != 1) {
            log_warning("%sInvalid cipher list: %s", who, cipher_list);
            tls_log_problems();
            return false;
        }
        str_set(&context->cipher_list, cipher_list);
    }
    return true;
}

/* Everything but our own keys. */
static bool set_rules(struct tls_context *context, struct str *why)
{
    const struct tls_settings *settings = &context->settings;

    context->ssl = SSL_CTX_new(settings->is_server ? TLS_server_method() : TLS_client_method());
    if (context->ssl == NULL) {
        str_set(why, "the TLS library can't be started");
        tls_log_problems();
        return false;
    }
    context->digest = tls_fingerprint_digest(settings->fingerprint_digest);
    if (context->digest == NULL) {
        str_clear(why);
        str_printf(why, "%sfingerprint_digest: \"%s\" isn't a known digest", settings->prefix,
            settings->fingerprint_digest);
        log_warning("Digest algorithm \"%s\" not found", settings->fingerprint_digest);
        log_warning("disabling TLS support");
        return false;
    }
    set_options(context);
    if (settings->is_server)
        set_server(context);
    tls_key_exchange_set_groups(context->ssl, context->settings.use_curves ? context->settings.curves : "",
        context->settings.groups);
    if (!tls_context_use(context, settings->protocols, settings->cipher_list, "")) {
        bool by_protocols = context->protocols.data == NULL;
        str_clear(why);
        str_printf(why, "%s: \"%s\" isn't a list of %s", by_protocols ? settings->protocols_name : settings->cipher_list_name,
            by_protocols ? settings->protocols : settings->cipher_list, by_protocols ? "TLS versions" : "ciphers");
        return false;
    }
    return load_authorities(context, why);
}

static void drop_rules(struct tls_context *context)
{
    SSL_CTX_free(context->ssl);
    context->ssl = NULL;
    str_free(&context->protocols);
    str_free(&context->cipher_list);
}

/* From the beginning: half of what is broken may be loaded. */
static bool use_kept_keys(struct tls_context *context, const char *files, const char *reason)
{
    struct tls_material material = {0};
    struct str why = {0};
    bool good = tls_keep_find(context->settings.keep, files, &material);

    if (good) {
        log_warning("%s: the keys and certificates from before stay in service", reason);
        drop_rules(context);
        good = set_rules(context, &why) && load_keys(context, &material, &why);
    }
    tls_material_free(&material);
    str_free(&why);
    return good;
}

static void warn_of_expiry(const struct tls_context *context, const char *files)
{
    const struct tls_settings *settings = &context->settings;
    struct str text = {0};
    const char *line;
    size_t length;

    tls_context_put_expiry(context, &text);
    const char *cursor = str_text(&text);
    if (text.length > 0 && tls_keep_is_time(settings->keep, files, (int64_t)time(NULL), DAY_S)) {
        while (text_next_word(&cursor, "\n", &line, &length))
            log_warning("%s%s: %.*s", settings->prefix, *settings->chain_files != '\0' ? "chain_files" : "cert_file", (int)length,
                line);
    }
    str_free(&text);
}

static bool set_up(struct tls_context *context, struct str *why)
{
    struct tls_material material = {0};
    struct str files = {0};

    put_key_files(&context->settings, &files);
    remember_files(context, str_text(&files));
    tls_material_read(&material, str_text(&files));
    bool good = set_rules(context, why);
    if (good && load_keys(context, &material, why))
        tls_keep_put(context->settings.keep, str_text(&files), &material);
    else if (good)
        good = use_kept_keys(context, str_text(&files), str_text(why));
    if (good)
        warn_of_expiry(context, str_text(&files));
    tls_material_free(&material);
    str_free(&files);
    return good;
}

struct tls_context *tls_context_open(const struct tls_settings *settings, struct str *why)
{
    struct str reason = {0};
    struct tls_context *context = NULL;

    if (start_library(settings, &reason)) {
        context = memory_new(struct tls_context);
        context->settings = *settings;
        context->sessions = tls_session_cache_new(settings->session_timeout_s);
        context->looked_ms = clock_monotonic_ms();
        if (!set_up(context, &reason)) {
            tls_context_close(context);
            context = NULL;
        }
    }
    if (context == NULL && reason.length > 0)
        log_info("TLS is not available: %s", str_text(&reason));
    if (why != NULL)
        str_set(why, str_text(&reason));
    str_free(&reason);
    return context;
}

void tls_context_put_expiry(const struct tls_context *context, struct str *out)
{
    tls_chain_put_expiry(context->ssl, time(NULL), out);
}

void tls_context_close(struct tls_context *context)
{
    if (context == NULL)
        return;
    tls_session_cache_free(context->sessions);
    for (size_t i = 0; i < context->file_count; i++)
        free(context->files[i].name);
    SSL_CTX_free(context->ssl);
    tls_names_close(context->names);
    tls_ticket_close(context->ticket);
    str_free(&context->protocols);
    str_free(&context->cipher_list);
    free(context);
}

void tls_context_use_tickets(struct tls_context *context, const unsigned char *secret)
{
    const struct tls_settings *settings = &context->settings;

    if (*settings->ticket_cipher == '\0' || settings->session_timeout_s <= 0)
        return;
    context->ticket = tls_ticket_open(settings->ticket_cipher, secret, settings->session_timeout_s);
    if (context->ticket == NULL)
        return;
    tls_ticket_use(context->ssl);
    if (context->wants_tickets)
        SSL_CTX_clear_options(context->ssl, SSL_OP_NO_TICKET);
}

void tls_context_use_names(struct tls_context *context, tls_names_find *find, void *find_context)
{
    context->names = tls_names_open(find, find_context);
    tls_names_use(context->names, context->ssl);
}

const struct tls_settings *tls_context_settings(const struct tls_context *context)
{
    return &context->settings;
}

const EVP_MD *tls_context_digest(const struct tls_context *context)
{
    return context->digest;
}

SSL *tls_context_new_connection(const struct tls_context *context)
{
    SSL *ssl = SSL_new(context->ssl);

    if (ssl != NULL && context->ticket != NULL)
        tls_ticket_attach(context->ticket, ssl);
    return ssl;
}

struct tls_session_cache *tls_context_sessions(const struct tls_context *context)
{
    return context->sessions;
}

void tls_context_use_store(struct tls_context *context, const struct tls_store *store, void *store_context)
{
    tls_session_cache_use_store(context->sessions, store, store_context);
    if (context->settings.is_server)
        tls_server_session_use(context->ssl);
}

bool tls_context_has_changed(struct tls_context *context)
{
    int64_t now_ms = clock_monotonic_ms();
    struct stat status;

    if (now_ms - context->looked_ms < LOOK_INTERVAL_MS)
        return false;
    context->looked_ms = now_ms;
    for (size_t i = 0; i < context->file_count; i++) {
        const struct file_state *file = &context->files[i];
        if (stat(file->name, &status) == 0
            && (status.st_mtim.tv_sec != file->modified.tv_sec || status.st_mtim.tv_nsec != file->modified.tv_nsec))
            return true; /* what can't be seen from here is taken when the worker's time is up */
    }
    return false;
}
