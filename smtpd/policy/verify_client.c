#include "smtpd/policy/verify_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { CONNECT_MS = 10000, PATIENCE_S = 30 };

struct verify_client {
    const struct config *config;
    struct str path;
    struct ipc_channel *channel; /* NULL: not connected */
};

struct verify_client *verify_client_open(const struct config *config)
{
    struct verify_client *client = memory_new(struct verify_client);

    client->config = config;
    str_printf(&client->path, "private/%s", config->address_verify_service_name);
    return client;
}

static void disconnect(struct verify_client *client)
{
    ipc_close(client->channel);
    client->channel = NULL;
}

void verify_client_close(struct verify_client *client)
{
    if (client == NULL)
        return;
    disconnect(client);
    str_free(&client->path);
    free(client);
}

static bool connect_to_service(struct verify_client *client)
{
    if (client->channel != NULL)
        return true;
    int fd = fd_connect_unix(str_text(&client->path), CONNECT_MS);
    if (fd < 0) {
        log_warning("connect to %s: %s", str_text(&client->path), strerror(errno));
        return false;
    }
    client->channel = ipc_open(fd);
    return true;
}

static bool exchange(struct verify_client *client, const char *address, int64_t wait_s, struct verify_answer *answer)
{
    unsigned type;
    int64_t deadline_ms = clock_deadline_s(wait_s + PATIENCE_S);

    if (!connect_to_service(client))
        return false;
    verify_query_send(client->channel, &(struct verify_query){ .address = address, .wait_ms = (uint32_t)(wait_s * 1000) });
    if (ipc_flush(client->channel, deadline_ms) && ipc_receive(client->channel, &type, deadline_ms)
        && type == verify_answer_type && verify_answer_decode(client->channel, answer))
        return true;
    disconnect(client);
    return false;
}

static bool ask(struct verify_client *client, const char *address, int64_t wait_s, struct verify_answer *answer)
{
    bool was_open = client->channel != NULL;

    if (exchange(client, address, wait_s, answer) || (was_open && exchange(client, address, wait_s, answer)))
        return true;
    log_warning("problem talking to service %s", str_text(&client->path));
    return false;
}

/* Where only successes are remembered, each question that finds nothing makes a probe of its own. */
bool verify_client_ask(struct verify_client *client, const char *address, struct arena *arena, enum verify_state *state,
    const char **why)
{
    const struct config *config = client->config;
    struct verify_answer answer = { .state = VERIFY_PENDING };
    int64_t questions = config->address_verify_negative_cache ? 1 : config->address_verify_poll_count;
    int64_t wait_s = (config->address_verify_negative_cache ? config->address_verify_poll_count - 1 : 1)
                     * config->address_verify_poll_delay;

    wait_s = wait_s < 0 ? 0 : wait_s > 3600 ? 3600 : wait_s;
    for (int64_t i = 0; i < questions && answer.state == VERIFY_PENDING; i++) {
        bool is_last = i + 1 == questions && questions > 1;
        if (!ask(client, address, is_last ? 0 : wait_s, &answer))
            return false;
    }
    *state = answer.state < VERIFY_STATES ? (enum verify_state)answer.state : VERIFY_DEFER;
    *why = arena_copy_text(arena, answer.why);
    return true;
}
