/* rehearse.c: what would happen, without letting it happen: the program behind posthaste session and
 * posthaste route, and behind its checks for open relays and flaws in restrictions. It calls
 * the code that smtpd and qmgr decide with; posthaste executes it. */
#include "smtpd/rehearse/flaws_show.h"
#include "smtpd/rehearse/relay_show.h"
#include "smtpd/rehearse/route_show.h"
#include "smtpd/rehearse/session_show.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    bool is_silent; /* what restrictions warn of is logged when clients come */
} verbs[] = {
    { "session", session_show, false },
    { "route", route_show, false },
    { "relay", relay_show, true },
    { "flaws", flaws_show, true },
};

int main(int argc, char **argv)
{
    log_without_syslog();
    log_open("postfix", "rehearse");
    for (size_t i = 0; argc > 1 && i < COUNT_OF(verbs); i++) {
        if (!text_equal(argv[1], verbs[i].name))
            continue;
        if (!verbs[i].is_silent)
            log_to_stderr(false);
        return verbs[i].run(argc - 1, argv + 1);
    }
    log_to_stderr(false);
    log_fatal("posthaste runs this program; it is not for use by hand");
}
