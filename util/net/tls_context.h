/* tls_context.h: what all TLS connections of a process share: keys and certificates, whom to trust, versions,
 * ciphers, options (TLS_README). Made before a worker gives up its privileges; nothing is read from files later but
 * CApath. */
#ifndef UTIL_NET_TLS_CONTEXT_H
#define UTIL_NET_TLS_CONTEXT_H
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/net/tls_ciphers.h"
#include "util/net/tls_names.h"
#include "util/net/tls_session.h"
#include "util/net/tls_ticket.h"

/* As main.cf has it; "" where nothing is set. util/config/config_tls.h fills it in. */
struct tls_settings {
    bool is_server;
    const char *prefix;      /* of parameter names, for complaints: "smtpd_tls_" */
    const char *chain_files;
    const char *cert_file, *key_file;
    const char *dcert_file, *dkey_file;
    const char *eccert_file, *eckey_file;
    const char *ca_file, *ca_path;
    bool append_default_ca;
    int verify_depth;
    const char *protocols;   /* tls_protocols.h */
    const char *cipher_list; /* OpenSSL's syntax (tls_ciphers.h) */
    const char *protocols_name, *cipher_list_name; /* of the parameters that they come from */
    struct tls_grades grades;
    const char *curves, *groups;
    const char *ssl_options, *disabled_workarounds;
    const char *config_file, *config_name;
    const char *fingerprint_digest;
    bool wildcards_span_labels;
    /* servers */
    const char *dh_file;
    bool use_curves;         /* smtpd_tls_eecdh_grade isn't "none" */
    bool prefer_own_ciphers;
    bool ask_certificate;
    bool require_certificate; /* for the log: a bad one is worth a line */
    bool always_issue_ids;   /* session ids for those that can't use tickets, even if no session will be found by them */
    const char *ticket_cipher; /* "": no session tickets */
    int64_t session_timeout_s;
    int keep;                /* tls_keep.h: where good keys are kept, and found when those in the files are broken; -1: nowhere */
};

struct tls_context;

/* Whether any parameter names a key, as servers need one. */
bool tls_context_has_keys(const struct tls_settings *settings);

/* Certificates that will soon be out of date are warned of, once a day where settings have a keep.
 * NULL: TLS isn't available; why was logged in Postfix's words, and *why (may be NULL) names parameter and file. */
struct tls_context *tls_context_open(const struct tls_settings *settings, struct str *why);
void tls_context_close(struct tls_context *context); /* NULL is allowed */
/* What tls_chain_put_expiry says of our certificates. */
void tls_context_put_expiry(const struct tls_context *context, struct str *out);

/* Servers. secret: TLS_SECRET_BYTES that all processes of the service have in common, so that each takes the tickets
 * of the others; borrowed. find: NULL for no look-up of names. */
void tls_context_use_tickets(struct tls_context *context, const unsigned char *secret);
void tls_context_use_names(struct tls_context *context, tls_names_find *find, void *find_context);

/* Sessions are shared with other processes; borrowed. Clients without it, or that ask for no session_key, remember for themselves;
 * servers leave it to tickets. */
void tls_context_use_store(struct tls_context *context, const struct tls_store *store, void *store_context);

/* For the connections made from now on. False: not a valid list; that was logged in Postfix's words, beginning with
 * who. */
bool tls_context_use(struct tls_context *context, const char *protocols, const char *cipher_list, const char *who);

/* For tls.c: NULL when the library fails. */
SSL *tls_context_new_connection(const struct tls_context *context);
const struct tls_settings *tls_context_settings(const struct tls_context *context);
const EVP_MD *tls_context_digest(const struct tls_context *context);
struct tls_session_cache *tls_context_sessions(const struct tls_context *context);
/* Whether a file of keys or certificates was replaced since it was loaded, as far as that can be seen. Looks at most
 * every ten seconds. */
bool tls_context_has_changed(struct tls_context *context);
#endif
