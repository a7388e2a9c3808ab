/* XCLIENT (XCLIENT_README): a client that we trust says for whom it speaks; the session begins anew with that client. */
#include "smtpd/attributes.h"
#include "smtpd/client_rights.h"
#include "smtpd/command.h"
#include "smtpd/greeting.h"
#include "smtpd/limits.h"
#include "smtpd/login.h"
#include "smtpd/milter_stage.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/net/host_name.h"

static enum client_name_status status_of(const char *value, bool temporary)
{
    return value != NULL ? CLIENT_NAME_FOUND : temporary ? CLIENT_NAME_TEMPORARY : CLIENT_NAME_ABSENT;
}

static bool take_name(struct session *session, const char *value, bool temporary)
{
    if (value != NULL && !host_name_is_valid(value, HOST_NAME_SILENT))
        return false;
    session->client.name = value != NULL ? value : CLIENT_NAME_UNKNOWN;
    session->client.status = status_of(value, temporary);
    if (value != NULL) {
        session->client.reverse_name = value;
        session->client.reverse_status = CLIENT_NAME_FOUND;
    }
    return true;
}

static bool take_reverse_name(struct session *session, const char *value, bool temporary)
{
    if (value != NULL && !host_name_is_valid(value, HOST_NAME_SILENT))
        return false;
    session->client.reverse_name = value != NULL ? value : CLIENT_NAME_UNKNOWN;
    session->client.reverse_status = status_of(value, temporary);
    return true;
}

static bool take_addr(struct session *session, const char *value, bool temporary)
{
    const char *address = value == NULL ? CLIENT_NAME_UNKNOWN : attributes_address(session, value);

    if (address == NULL)
        return false;
    session->client.address = address;
    return true;
}

static bool take_port(struct session *session, const char *value, bool temporary)
{
    if (value != NULL && !attributes_is_port(value))
        return false;
    session->client.port = value != NULL ? value : CLIENT_NAME_UNKNOWN;
    return true;
}

static bool take_helo(struct session *session, const char *value, bool temporary)
{
    session->helo = value;
    return true;
}

static bool take_proto(struct session *session, const char *value, bool temporary)
{
    if (value == NULL || (!text_equal_nocase(value, "SMTP") && !text_equal_nocase(value, "ESMTP")))
        return false;
    session->extended = text_equal_nocase(value, "ESMTP");
    return true;
}

static bool take_login(struct session *session, const char *value, bool temporary)
{
    session->login.method = value == NULL ? NULL : "XCLIENT";
    session->login.user = value;
    return true;
}

static bool take_destaddr(struct session *session, const char *value, bool temporary)
{
    const char *address = value == NULL ? CLIENT_NAME_UNKNOWN : attributes_address(session, value);

    if (address == NULL)
        return false;
    session->server_address = address;
    return true;
}

static bool take_destport(struct session *session, const char *value, bool temporary)
{
    if (value != NULL && !attributes_is_port(value))
        return false;
    session->server_port = value != NULL ? value : CLIENT_NAME_UNKNOWN;
    return true;
}

static const struct attribute_row rows[] = {
    { "NAME", take_name },       { "ADDR", take_addr },     { "PORT", take_port },
    { "HELO", take_helo },       { "PROTO", take_proto },   { "REVERSE_NAME", take_reverse_name },
    { "LOGIN", take_login },     { "DESTADDR", take_destaddr }, { "DESTPORT", take_destport },
};

/* What the attributes change: all of it, or nothing. */
struct identity {
    struct client_name client;
    const char *server_address;
    const char *server_port;
    const char *helo;
    bool extended;
    struct login login;
};

static struct identity identity_of(const struct session *session)
{
    return (struct identity){ .client = session->client, .server_address = session->server_address,
        .server_port = session->server_port, .helo = session->helo, .extended = session->extended,
        .login = session->login };
}

static void set_identity(struct session *session, const struct identity *identity)
{
    session->client = identity->client;
    session->server_address = identity->server_address;
    session->server_port = identity->server_port;
    session->helo = identity->helo;
    session->extended = identity->extended;
    session->login = identity->login;
}

/* Who logged in was another client; unless this command tells of a login. */
static void renew_login(struct session *session)
{
    const char *method = session->login.method;
    const char *user = session->login.user;

    login_start(session);
    session->login.method = method;
    session->login.user = user;
}

struct verdict command_xclient(struct session *session, const char *arguments)
{
    const struct identity before = identity_of(session);

    if (!session->xclient_allowed) {
        session->trouble |= TROUBLE_POLICY;
        return VERDICT(550, "5.7.0", "Error: insufficient authorization");
    }
    session->helo = NULL;
    session->extended = false;
    session->login.method = session->login.user = NULL;
    struct verdict verdict = attributes_parse(session, "XCLIENT", arguments, rows, COUNT_OF(rows));
    if (verdict.code != 0) {
        set_identity(session, &before);
        return verdict;
    }
    session->begins_anew = true;
    milter_stage_stop(session);
    transaction_reset(&session->transaction);
    stream_discard_input(session->stream);
    session->deferrals = (struct policy_deferrals){0};
    session->pipelining_offered = false;
    session->certificate_is_others = session->tls != NULL;
    client_rights_find(session);
    renew_login(session);
    session->uncounted = true; /* the log counts it among the failed ones */
    verdict = limits_connect(session);
    if (verdict.code != 0)
        return verdict;
    return greeting_decide(session);
}
