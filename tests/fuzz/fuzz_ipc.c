/* fuzz_ipc.c: what a hostile process could send to the queue manager, to an agent, to anvil, verify or postscreen, or to postqueue:
 * frames, types, fields. */
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/worker/tlsmgr_messages.h"
#include "qmgr/client/agent_messages.h"
#include "qmgr/client/intake_messages.h"
#include "qmgr/client/verify_messages.h"
#include "qmgr/route/route_messages.h"
#include "qmgr/tool/showq_messages.h"
#include "smtpd/anvil/anvil_messages.h"
#include "smtpd/screen/dnsblog_messages.h"
#include "util/table/proxymap_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define CASE(name)                               \
    case name##_type: {                          \
        struct name message;                     \
        if (name##_decode(channel, &message))    \
            name##_print(shown, &message);       \
        break;                                   \
    }

/* One per connection: types of different ones may be the same. What isn't decoded is skipped as a whole. */
static void decode_queue(struct ipc_channel *channel, unsigned type, struct str *shown)
{
    switch (type) {
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
        CASE(agent_part)
        CASE(agent_finished)
        CASE(intake_flush_site)
        CASE(showq_entry)
        CASE(showq_recipient)
        CASE(showq_end)
    default:
        break;
    }
}

static void decode_table(struct ipc_channel *channel, unsigned type, struct str *shown)
{
    switch (type) {
        CASE(proxymap_question)
        CASE(proxymap_answer)
        CASE(anvil_event)
        CASE(anvil_counts)
        CASE(anvil_amount)
    default:
        break;
    }
}

static void decode_list(struct ipc_channel *channel, unsigned type, struct str *shown)
{
    switch (type) {
        CASE(dnsblog_question)
        CASE(dnsblog_answer)
        CASE(tlsmgr_find)
        CASE(tlsmgr_session)
        CASE(tlsmgr_put)
        CASE(tlsmgr_remove)
    default:
        break;
    }
}

static void decode_address(struct ipc_channel *channel, unsigned type, struct str *shown)
{
    switch (type) {
        CASE(verify_query)
        CASE(verify_answer)
        CASE(verify_result)
    default:
        break;
    }
}

static void decode_route(struct ipc_channel *channel, unsigned type, struct str *shown)
{
    switch (type) {
        CASE(route_question)
        CASE(route_answer)
    default:
        break;
    }
}

typedef void decoder(struct ipc_channel *channel, unsigned type, struct str *shown);

static void feed(const uint8_t *bytes, size_t length, decoder *decode)
{
    struct str shown = {0};
    int ends[2];
    unsigned type;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return;
    struct ipc_channel *channel = ipc_open(ends[0]);
    ipc_take_descriptors(channel);
    if (send(ends[1], bytes, length, MSG_DONTWAIT) == (ssize_t)length) {
        (void)shutdown(ends[1], SHUT_WR);
        while (ipc_feed(channel)) {
            while (ipc_next(channel, &type))
                decode(channel, type, &shown);
        }
        while (ipc_next(channel, &type))
            decode(channel, type, &shown);
    }
    ipc_close(channel);
    (void)close(ends[1]);
    str_free(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static decoder *const decoders[] = { decode_queue, decode_table, decode_list, decode_address, decode_route };

    if (length > 32768)
        length = 32768; /* fits the socket's buffer */
    for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
        feed(bytes, length, decoders[i]);
    return 0;
}
