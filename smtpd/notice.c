#include "smtpd/notice.h"

#include "qmgr/intake/postmaster_notice.h"
#include "smtpd/session.h"
#include "util/base/memory.h"
#include "util/base/text.h"

enum { TRANSCRIPT_BYTES = 64 * 1024 };

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
        if (text_list_has_nocase(list, classes[i].name))
            bits |= classes[i].bit;
    }
    return bits;
}

void notice_record(struct session *session, const char *label, const char *text, size_t length)
{
    struct str *transcript = &session->transcript;

    if (transcript->length >= TRANSCRIPT_BYTES)
        return;
    str_put(transcript, label);
    str_put_bytes(transcript, text, length);
    str_put_char(transcript, '\n');
    session->transcript_lines++;
}

void notice_send(struct session *session, unsigned trouble)
{
    const struct config *config = session->config;
    struct verdict verdict;

    if ((trouble & reported_classes(config->notify_classes)) == 0)
        return;
    /* A failure is logged there; nobody waits for it. */
    (void)postmaster_notice_send(session->service->intake, config, &(struct postmaster_notice){
        .program = "SMTP server",
        .peer = session->client_text,
        .transcript = str_text(&session->transcript),
        .aborted = session->aborted,
        .trace_id = session->trace_id,
    }, NULL, &verdict);
}

bool notice_flush(struct session *session, unsigned trouble, int64_t lines)
{
    if (session->transcript_lines <= lines)
        return false;
    notice_send(session, trouble);
    str_clear(&session->transcript);
    session->transcript_lines = 0;
    return true;
}
