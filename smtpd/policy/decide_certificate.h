/* decide_certificate.h: restrictions about the certificate that a client showed in the TLS handshake. */
#ifndef SMTPD_POLICY_DECIDE_CERTIFICATE_H
#define SMTPD_POLICY_DECIDE_CERTIFICATE_H
#include "smtpd/policy/evaluation.h"

/* permit_tls_clientcerts: its fingerprint, or that of its key, is in relay_clientcerts; nobody needs to have signed it. */
enum decision decide_certificate_listed(struct evaluation *evaluation, const struct restriction *restriction);
/* permit_tls_all_clientcerts: an authority that we trust has signed it. */
enum decision decide_certificate_trusted(struct evaluation *evaluation, const struct restriction *restriction);
#endif
