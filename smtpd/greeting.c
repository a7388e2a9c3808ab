#include "smtpd/greeting.h"

#include "smtpd/milter_stage.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"

struct verdict greeting_decide(struct session *session)
{
    struct verdict verdict = restrictions_ask(session, POLICY_CONNECT, NULL, NULL);
    if (verdict.code != 0) {
        session->denied = true;
        session->errors++;
    } else {
        verdict = milter_stage_connect(session);
        session->quit = verdict.code == 421;
        if (verdict.code == 0)
            verdict = (struct verdict){ .code = 220, .text = session->config->smtpd_banner };
    }
    return verdict;
}
