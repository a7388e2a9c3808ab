/* XFORWARD (XFORWARD_README): a content filter tells whose mail it brings back, for the log and for filters further on. */
#include "smtpd/attributes.h"
#include "smtpd/command.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/net/host_name.h"

static bool take_name(struct session *session, const char *value, bool temporary)
{
    if (value != NULL && !host_name_is_valid(value, HOST_NAME_SILENT))
        return false;
    session->transaction.forwarded.name = value != NULL ? value : CLIENT_NAME_UNKNOWN;
    return true;
}

static bool take_addr(struct session *session, const char *value, bool temporary)
{
    const char *address = value == NULL ? CLIENT_NAME_UNKNOWN : attributes_address(session, value);

    if (address == NULL)
        return false;
    session->transaction.forwarded.address = address;
    return true;
}

static bool take_port(struct session *session, const char *value, bool temporary)
{
    if (value != NULL && !attributes_is_port(value))
        return false;
    session->transaction.forwarded.port = value != NULL ? value : CLIENT_NAME_UNKNOWN;
    return true;
}

static bool take_helo(struct session *session, const char *value, bool temporary)
{
    session->transaction.forwarded.helo = value != NULL ? value : "";
    return true;
}

static bool take_proto(struct session *session, const char *value, bool temporary)
{
    session->transaction.forwarded.protocol = value != NULL ? value : "";
    return true;
}

static bool take_ident(struct session *session, const char *value, bool temporary)
{
    session->transaction.forwarded.ident = value != NULL ? value : "";
    return true;
}

static bool take_source(struct session *session, const char *value, bool temporary)
{
    struct transaction_forwarded *forwarded = &session->transaction.forwarded;

    if (value != NULL && !text_equal_nocase(value, "LOCAL") && !text_equal_nocase(value, "REMOTE"))
        return false;
    forwarded->has_source = value != NULL;
    forwarded->is_local = value != NULL && text_equal_nocase(value, "LOCAL");
    return true;
}

static const struct attribute_row rows[] = {
    { "NAME", take_name },   { "ADDR", take_addr },   { "PORT", take_port },     { "PROTO", take_proto },
    { "HELO", take_helo },   { "IDENT", take_ident }, { "SOURCE", take_source },
};

struct verdict command_xforward(struct session *session, const char *arguments)
{
    if (!session->xforward_allowed) {
        session->trouble |= TROUBLE_POLICY;
        return VERDICT(550, "5.7.0", "Error: insufficient authorization");
    }
    struct transaction_forwarded *forwarded = &session->transaction.forwarded;
    const struct transaction_forwarded before = *forwarded;
    if (!forwarded->is_set)
        *forwarded = (struct transaction_forwarded){ .is_set = true };
    struct verdict verdict = attributes_parse(session, "XFORWARD", arguments, rows, COUNT_OF(rows));
    if (verdict.code != 0)
        *forwarded = before;
    return verdict.code != 0 ? verdict : VERDICT(250, "2.0.0", "Ok");
}
