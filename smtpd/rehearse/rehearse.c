/* rehearse.c: what would happen, without letting it happen: the program behind posthaste session and posthaste route. It calls
 * the code that smtpd and qmgr decide with; posthaste executes it. */
#include "smtpd/rehearse/route_show.h"
#include "smtpd/rehearse/session_show.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {
    { "session", session_show },
    { "route", route_show },
};

int main(int argc, char **argv)
{
    log_without_syslog();
    log_open("postfix", "rehearse");
    log_to_stderr(false);
    for (size_t i = 0; argc > 1 && i < COUNT_OF(verbs); i++) {
        if (text_equal(argv[1], verbs[i].name))
            return verbs[i].run(argc - 1, argv + 1);
    }
    log_fatal("posthaste runs this program; it is not for use by hand");
}
