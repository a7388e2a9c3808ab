#include "smtpd/policy/decide_client.h"

#include "util/base/text.h"
#include "util/net/own_address.h"

enum decision decide_client_mynetworks(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct client_name *client = evaluation->facts->client;

    switch (match_list_client(evaluation->policy->mynetworks, client->name, client->address)) {
    case TABLE_FOUND:
        return DECISION_PERMIT;
    case TABLE_FAILED:
        return evaluation_lookup_failure(evaluation, evaluation->subject.class, evaluation->subject.name);
    case TABLE_ABSENT:
        break;
    }
    return DECISION_DUNNO;
}

enum decision decide_client_own(struct evaluation *evaluation, const struct restriction *restriction)
{
    return own_address_has_text(evaluation->policy->own, evaluation->facts->client->address) ? DECISION_PERMIT
                                                                                            : DECISION_DUNNO;
}

enum decision decide_client_unknown(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct client_name *client = evaluation->facts->client;

    if (!text_equal(client->name, CLIENT_NAME_UNKNOWN))
        return DECISION_DUNNO;
    int code = client->status == CLIENT_NAME_TEMPORARY
                   ? 450
                   : (int)evaluation->policy->config->unknown_client_reject_code;
    return evaluation_reject_text(evaluation, code, "4.7.25", SUBJECT_CLIENT,
        arena_printf(evaluation->arena, "Client host rejected: cannot find your hostname, [%s]", client->address));
}

enum decision decide_client_unknown_reverse(struct evaluation *evaluation, const struct restriction *restriction)
{
    const struct client_name *client = evaluation->facts->client;

    if (!text_equal(client->reverse_name, CLIENT_NAME_UNKNOWN))
        return DECISION_DUNNO;
    int code = client->reverse_status == CLIENT_NAME_TEMPORARY
                   ? 450
                   : (int)evaluation->policy->config->unknown_client_reject_code;
    return evaluation_reject_text(evaluation, code, "4.7.1", SUBJECT_CLIENT,
        arena_printf(evaluation->arena, "Client host rejected: cannot find your reverse hostname, [%s]",
            client->address));
}
