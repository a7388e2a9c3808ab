/* ETRN (RFC 1985): asks for delivery of mail that waits for a domain. */
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/session.h"
#include "smtpd/restrictions.h"
#include "util/log/log.h"
#include "util/net/host_name.h"

static bool is_destination(struct session *session, const char *name)
{
    size_t length = strlen(name);

    if (name[0] != '[')
        return host_name_is_valid(name, HOST_NAME_SILENT);
    return length > 2 && name[length - 1] == ']'
           && host_name_is_literal(arena_copy_bytes(session->call, name + 1, length - 2), HOST_NAME_SILENT);
}

struct verdict command_etrn(struct session *session, const char *arguments)
{
    if (*arguments == '\0' || strpbrk(arguments, " \t") != NULL)
        return VERDICT(500, "", "Syntax: ETRN domain");
    const char *domain = arguments + (*arguments == '@' || *arguments == '#');
    if (!is_destination(session, domain))
        return VERDICT(501, "", "Error: invalid parameter syntax");
    if (session->service->transport != NULL) {
        log_warning("do not use ETRN in \"sendmail -bs\" mode");
        return VERDICT(458, "", "Unable to queue messages");
    }
    struct verdict verdict = restrictions_ask(session, POLICY_ETRN, NULL, domain);
    if (verdict.code != 0)
        return verdict;
    switch (match_list_domain(session->service->flush_domains, domain, NULL)) {
    case TABLE_FOUND:
        if (intake_flush_site(session->service->intake, domain))
            return VERDICT(250, "", "Queuing started");
        log_warning("unable to queue ETRN %.100s... from %s", domain, session->client_text);
        return VERDICT(458, "", "Unable to queue messages");
    case TABLE_FAILED:
        log_warning("unable to queue ETRN %.100s... from %s", domain, session->client_text);
        return VERDICT(458, "", "Unable to queue messages");
    case TABLE_ABSENT:
        break;
    }
    log_warning("reject: ETRN %.100s... from %s", domain, session->client_text);
    return VERDICT(459, "", arena_printf(session->call, "<%s>: service unavailable", domain));
}
