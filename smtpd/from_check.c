#include "smtpd/from_check.h"

#include "smtpd/session.h"
#include "util/base/text.h"
#include "util/mail/address_list.h"

bool from_check_is_wanted(const struct session *session)
{
    return session->login.user != NULL && !text_equal(session->config->smtpd_from_login_mismatch_action, "ignore");
}

void from_check_take(struct session *session, const char *bytes, size_t length, bool line_end)
{
    struct from_header *header = &session->transaction.from_header;

    header->limit = (size_t)session->config->header_size_limit;
    from_header_take(header, bytes, length, line_end);
}

/* Whether all authors are the login's; if not, *whom is one that isn't. */
static enum table_result owns_all(struct session *session, const char **whom)
{
    const struct from_header *header = &session->transaction.from_header;
    struct address_list *list =
        address_list_parse(str_text(&header->value), header->value.length,
            (size_t)session->config->header_address_token_limit);
    enum table_result result = header->is_cut ? TABLE_ABSENT : TABLE_FOUND;
    const char *address;
    size_t count = 0;

    *whom = "";
    while (result == TABLE_FOUND && (address = address_list_get(list, count)) != NULL) {
        result = policy_login_owns(session->service->policy, session->login.user, address);
        if (result != TABLE_FOUND)
            *whom = arena_copy_text(session->call, address);
        count++;
    }
    address_list_free(list);
    return result == TABLE_FOUND && count == 0 ? TABLE_ABSENT : result; /* a From: without any address */
}

struct verdict from_check_judge(struct session *session)
{
    const char *action = session->config->smtpd_from_login_mismatch_action;
    const struct verdict fine = {0};
    const char *whom;

    if (!from_check_is_wanted(session) || session->transaction.from_header.fields == 0)
        return fine; /* without From: the sender, whom restrictions judge, becomes the author */
    enum table_result result = owns_all(session, &whom);
    if (result == TABLE_FOUND)
        return fine;
    if (result == TABLE_FAILED)
        return session_reject(session, VERDICT(451, "4.3.0",
            arena_printf(session->call, "<%s>: Temporary lookup failure", whom)), "END-OF-MESSAGE");
    const char *text = arena_printf(session->call, "<%s>: From header address rejected: not owned by user %s", whom,
        session->login.user);
    if (text_equal(action, "reject"))
        return session_reject(session, VERDICT(550, "5.7.1", text), "END-OF-MESSAGE");
    bool holds = text_equal(action, "hold");
    session->transaction.hold = session->transaction.hold || holds;
    session_log_action(session, holds ? "hold" : "warn", "END-OF-MESSAGE", text, NULL);
    return fine;
}
