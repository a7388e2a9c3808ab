/* fuzz_ipc.c: what a hostile process could send to the queue manager, to an agent or to postqueue: frames, types, fields. */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/worker/tlsmgr_messages.h"
#include "qmgr/client/agent_messages.h"
#include "qmgr/client/intake_messages.h"
#include "qmgr/route/route_messages.h"
#include "qmgr/tool/showq_messages.h"
#include "util/table/proxymap_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void decode(struct ipc_channel *channel, unsigned type)
{
    struct str shown = {0};

    switch (type) {
#define CASE(name)                               \
    case name##_type: {                          \
        struct name message;                     \
        if (name##_decode(channel, &message))    \
            name##_print(&shown, &message);      \
        break;                                   \
    }
        CASE(intake_open)
        CASE(intake_refused)
        CASE(intake_part)
        CASE(intake_commit)
        CASE(intake_committed)
        CASE(intake_abandon)
        CASE(agent_recipient)
        CASE(agent_go)
        CASE(agent_verdict)
        CASE(agent_notice)
        CASE(proxymap_question)
        CASE(proxymap_answer)
        CASE(route_question)
        CASE(route_answer)
        CASE(agent_finished)
        CASE(showq_entry)
        CASE(showq_recipient)
        CASE(showq_end)
        CASE(tlsmgr_find)
        CASE(tlsmgr_session)
        CASE(tlsmgr_put)
        CASE(tlsmgr_remove)
    default:
        break; /* not decoded: skipped as a whole */
    }
    str_free(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    int ends[2];
    unsigned type;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 0;
    struct ipc_channel *channel = ipc_open(ends[0]);
    if (length > 32768)
        length = 32768; /* fits the socket's buffer */
    if (send(ends[1], bytes, length, MSG_DONTWAIT) == (ssize_t)length) {
        (void)shutdown(ends[1], SHUT_WR);
        while (ipc_feed(channel)) {
            while (ipc_next(channel, &type))
                decode(channel, type);
        }
        while (ipc_next(channel, &type))
            decode(channel, type);
    }
    ipc_close(channel);
    (void)close(ends[1]);
    return 0;
}
