#include "smtpd/notice.h"

#include "qmgr/intake/postmaster_notice.h"
#include "smtpd/session.h"
#include "util/base/memory.h"

/* In the order in which their recipients are told. */
static const struct {
    const char *name;
    unsigned bit;
} classes[] = {
    { "policy", TROUBLE_POLICY },
    { "protocol", TROUBLE_PROTOCOL },
    { "resource", TROUBLE_RESOURCE },
    { "software", TROUBLE_SOFTWARE },
    { "data", TROUBLE_DATA },
    { "bounce", TROUBLE_BOUNCE },
};

static unsigned reported_classes(const char *list)
{
    unsigned bits = 0;

    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        if (postmaster_notice_has_class(list, classes[i].name))
            bits |= classes[i].bit;
    }
    return bits;
}

void notice_send(struct session *session)
{
    const struct config *config = session->config;
    struct verdict verdict;

    if ((session->trouble & reported_classes(config->notify_classes)) == 0)
        return;
    /* A failure is logged there; nobody waits for it. */
    (void)postmaster_notice_send(session->service->intake, config, &(struct postmaster_notice){
        .program = "SMTP server",
        .peer = session->client_text,
        .transcript = str_text(&session->transcript),
        .trace_id = session->trace_id,
    }, NULL, &verdict);
}
