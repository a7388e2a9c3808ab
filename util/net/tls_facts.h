/* tls_facts.h: what is known of the other side of a TLS connection. */
#ifndef UTIL_NET_TLS_FACTS_H
#define UTIL_NET_TLS_FACTS_H
#include <stdbool.h>

enum tls_trust {
    TLS_ANONYMOUS, /* showed no certificate */
    TLS_UNTRUSTED, /* showed one that nobody we trust has signed, or not one that we want */
    TLS_TRUSTED,   /* a certificate that somebody we trust has signed */
    TLS_VERIFIED,  /* and it is the one we asked for */
};

/* Texts are "" where there is nothing to say. */
struct tls_facts {
    enum tls_trust trust;
    bool has_certificate;
    bool resumed;
    const char *protocol;         /* "TLSv1.3" */
    const char *cipher;
    int cipher_bits;              /* in use */
    int cipher_total_bits;
    const char *key_exchange;     /* "key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256" */
    const char *client_signature; /* "client-signature ... client-digest ..." */
    const char *subject;          /* common name of the other side's certificate */
    const char *issuer;           /* of its issuer */
    const char *fingerprint;      /* of the certificate */
    const char *key_fingerprint;  /* of its public key */
    const char *server_name;      /* server: the name by which our certificate was chosen */
};
#endif
