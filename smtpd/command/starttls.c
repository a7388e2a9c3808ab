/* STARTTLS (RFC 3207). */
#include "smtpd/command.h"
#include "smtpd/encryption.h"
#include "smtpd/handshake.h"
#include "smtpd/keywords.h"
#include "smtpd/reply.h"
#include "smtpd/session.h"

struct verdict command_starttls(struct session *session, const char *arguments)
{
    const struct encryption *encryption = session->service->encryption;

    if (*arguments != '\0')
        return VERDICT(501, "5.5.4", "Syntax: STARTTLS");
    if (session->tls != NULL)
        return VERDICT(554, "5.5.1", "Error: TLS already active");
    if (!encryption_is_offered(encryption) || (session->discard_keywords & KEYWORD_STARTTLS))
        return VERDICT(502, "5.5.1", "Error: command not implemented");
    if (!encryption_is_available(encryption)) {
        session->trouble |= TROUBLE_SOFTWARE;
        return VERDICT(454, "4.7.0", "TLS not available due to local problem");
    }
    reply_send(session, VERDICT(220, "2.0.0", "Ready to start TLS"));
    struct verdict verdict = handshake_start(session);
    if (verdict.code == 0)
        session->replied = true;
    session->lost = verdict.code != 0 && verdict.code != 421;
    session->forgive = verdict.code == 421; /* the command itself was fine */
    return verdict.code == 0 ? VERDICT(220, "2.0.0", "") : verdict;
}
