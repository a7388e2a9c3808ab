/* dnsblog.c: asks DNS lists about a client for postscreen and logs what they say (dnsblog(8)). */
#include <time.h>

#include "master/worker/worker.h"
#include "smtpd/screen/dnsbl_site.h"
#include "smtpd/screen/dnsblog_messages.h"
#include "util/base/clock.h"
#include "util/log/log.h"
#include "util/net/dns.h"

enum { IDLE_S = 10, SEND_S = 10 };

static void log_records(const struct dnsblog_question *question, const struct dns_answer *answer, struct str *addresses)
{
    for (size_t i = 0; i < answer->count; i++) {
        const unsigned char *bytes = answer->records[i].data;
        log_info("addr %s listed by domain %s as %d.%d.%d.%d", question->address, question->domain, bytes[0], bytes[1],
            bytes[2], bytes[3]);
        str_put_bytes(addresses, bytes, 4);
    }
}

static uint32_t shortest_ttl(const struct dns_answer *answer)
{
    uint32_t ttl = answer->count > 0 ? answer->records[0].ttl_s : 0;

    for (size_t i = 1; i < answer->count; i++)
        ttl = answer->records[i].ttl_s < ttl ? answer->records[i].ttl_s : ttl;
    return ttl;
}

static void find_out(struct ipc_channel *channel, const struct dnsblog_question *question, const struct ip_address *address,
    struct arena *arena)
{
    struct dns_answer answer;
    struct str name = {0};
    struct str addresses = {0};

    dnsbl_site_put_name(address, question->domain, &name);
    enum dns_outcome outcome = dns_lookup(str_text(&name), DNS_A, 0, arena, &answer);
    if (outcome == DNS_FOUND)
        log_records(question, &answer, &addresses);
    else if (!dns_is_absent(outcome))
        log_warning("dnsblog_query: lookup error for DNS query %s: %s", str_text(&name), answer.text);
    struct dnsblog_answer reply = { .addresses = { str_text(&addresses), addresses.length },
        .known = outcome == DNS_FOUND || dns_is_absent(outcome), .ttl_s = shortest_ttl(&answer) };
    dnsblog_answer_send(channel, &reply);
    str_free(&name);
    str_free(&addresses);
}

static bool serve(struct ipc_channel *channel, const struct config *config, struct arena *arena)
{
    struct dnsblog_question question;
    struct ip_address address;
    unsigned type;

    if (!ipc_receive(channel, &type, clock_deadline_s(IDLE_S)))
        return false;
    if (type != dnsblog_question_type || !dnsblog_question_decode(channel, &question)
        || !ip_address_parse(question.address, &address))
        return false;
    find_out(channel, &question, &address, arena);
    if (config->dnsblog_reply_delay > 0)
        (void)nanosleep(&(struct timespec){ .tv_sec = config->dnsblog_reply_delay }, NULL); /* for tests; may be cut short */
    return ipc_flush(channel, clock_deadline_s(SEND_S));
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "dnsblog");
    struct arena *arena = arena_new();

    worker_confine(worker, CONFINE_NETWORK);
    struct client *client;
    while ((client = worker_accept(worker)) != NULL) {
        struct ipc_channel *channel = ipc_open(client->fd);
        client->fd = -1; /* the channel's now */
        while (serve(channel, worker_config(worker), arena))
            arena_reset(arena);
        ipc_close(channel);
        arena_reset(arena);
    }
    arena_free(arena);
    return worker_stop(worker);
}
