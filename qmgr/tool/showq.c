/* showq.c: lists the queue for postqueue (showq(8)). It runs as mail_owner, because those who ask may not enter the queue. */
#include "master/worker/worker.h"
#include "qmgr/tool/listing.h"
#include "qmgr/tool/showq_messages.h"
#include "util/base/clock.h"
#include "util/log/log.h"

struct answer {
    struct ipc_channel *channel;
    int64_t deadline_ms;
    uint32_t count;
};

static void send_recipient(void *context, const char *address, const char *why)
{
    showq_recipient_send(context, &(struct showq_recipient){ .address = address, .why = why });
}

static bool send_entry(void *context, const struct listing_entry *entry)
{
    struct answer *answer = context;

    showq_entry_send(answer->channel, &(struct showq_entry){
        .queue = entry->queue,
        .queue_id = entry->queue_id,
        .arrival_s = (uint64_t)entry->arrival_s,
        .size_bytes = entry->size_bytes,
        .forced_expire = entry->forced_expire,
        .sender = entry->envelope.sender,
    });
    listing_recipients(entry, send_recipient, answer->channel);
    answer->count++;
    return ipc_flush(answer->channel, answer->deadline_ms);
}

static void serve(struct spool *spool, int socket, int64_t timeout_s)
{
    struct answer answer = { .channel = ipc_open(socket), .deadline_ms = clock_deadline_s(timeout_s) };

    listing_walk(spool, send_entry, &answer);
    showq_end_send(answer.channel, &(struct showq_end){ .count = answer.count });
    if (!ipc_flush(answer.channel, answer.deadline_ms))
        log_debug("queue listing cut short: %s", ipc_error(answer.channel));
    ipc_close(answer.channel);
}

int main(int argc, char **argv)
{
    struct worker *worker = worker_start(argc, argv, "showq");
    const struct config *config = worker_config(worker);
    struct spool *spool = spool_open(config);

    if (spool == NULL)
        log_fatal("open queue folder %s: %m", config->queue_directory);
    worker_confine(worker, CONFINE_QUEUE);
    struct client *client;
    while ((client = worker_accept(worker)) != NULL) {
        serve(spool, client->fd, config->daemon_timeout);
        client->fd = -1; /* the channel had it */
        client_close(client);
    }
    spool_close(spool);
    return worker_stop(worker);
}
