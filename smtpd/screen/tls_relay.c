#include "smtpd/screen/tls_relay.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "smtpd/screen/tlsproxy_request.h"
#include "util/base/memory.h"
#include "util/io/fd.h"
#include "util/log/log.h"

enum { BLOCK_BYTES = 4096, ROUNDS = 32, REQUEST_S = 10 };

/* Bytes on their way. */
struct block {
    size_t start;
    size_t end;
    char bytes[BLOCK_BYTES];
};

struct relay {
    struct tls_relays *relays;
    int client;
    int plain;
    char name[sizeof(((struct tlsproxy_request *)0)->name)];
    struct tls *tls;
    bool is_announced;  /* postscreen has said whom it is about, and knows that we can serve */
    bool is_established;
    bool plain_ended;   /* postscreen has said all */
    struct event *client_event;
    struct event *plain_event;
    struct block *in;   /* from the client; NULL until the handshake is over */
    struct block *out;
};

static void finish(struct relay *relay)
{
    if (relay->is_announced)
        log_info("DISCONNECT %s", relay->name);
    relay->relays->count--;
    tls_close(relay->tls);
    if (relay->client_event != NULL)
        event_free(relay->client_event);
    if (relay->plain_event != NULL)
        event_free(relay->plain_event);
    fd_close(&relay->client);
    fd_close(&relay->plain);
    free(relay->in);
    free(relay->out);
    free(relay);
}

static void on_event(evutil_socket_t fd, short what, void *context);

/* what: EV_READ, EV_WRITE, both or 0. */
static void wait_for(struct relay *relay, struct event **event, int fd, short what, int64_t limit_s)
{
    struct timeval limit = { .tv_sec = limit_s };

    if (*event == NULL)
        *event = event_new(relay->relays->events, fd, what, on_event, relay);
    else if (event_del(*event) != 0 || event_assign(*event, relay->relays->events, fd, what, on_event, relay) != 0)
        log_fatal("no event: %m");
    if (*event == NULL || (what != 0 && event_add(*event, limit_s > 0 ? &limit : NULL) != 0))
        log_fatal("no event: %m");
}

/* --- bytes --- */

enum outcome { MOVED, BLOCKED, ENDED };

static enum outcome outcome_of(ssize_t count)
{
    if (count > 0)
        return MOVED;
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? BLOCKED : ENDED;
}

/* Fills an empty block, or empties a full one. *wants: what TLS has to wait for. */
static enum outcome move_in(struct relay *relay, short *wants)
{
    struct block *block = relay->in;
    ssize_t count;

    if (block->start == block->end) {
        count = tls_transport.read(relay->tls, block->bytes, BLOCK_BYTES, wants);
        block->start = 0;
        block->end = count > 0 ? (size_t)count : 0;
    } else {
        count = send(relay->plain, block->bytes + block->start, block->end - block->start, MSG_NOSIGNAL);
        block->start += count > 0 ? (size_t)count : 0;
    }
    return outcome_of(count);
}

static enum outcome move_out(struct relay *relay, short *wants)
{
    struct block *block = relay->out;
    ssize_t count;

    if (block->start == block->end) {
        if (relay->plain_ended)
            return ENDED;
        count = recv(relay->plain, block->bytes, BLOCK_BYTES, 0);
        block->start = 0;
        block->end = count > 0 ? (size_t)count : 0;
        relay->plain_ended = outcome_of(count) == ENDED;
    } else {
        count = tls_transport.write(relay->tls, block->bytes + block->start, block->end - block->start, wants);
        block->start += count > 0 ? (size_t)count : 0;
    }
    return outcome_of(count);
}

static void wait_for_both(struct relay *relay, short read_wants, short write_wants)
{
    bool in_is_full = relay->in->start != relay->in->end;
    bool out_is_full = relay->out->start != relay->out->end;
    short client = 0;
    short plain = 0;

    if (!in_is_full)
        client |= read_wants & POLLOUT ? EV_WRITE : EV_READ;
    else
        plain |= EV_WRITE;
    if (out_is_full)
        client |= write_wants & POLLIN ? EV_READ : EV_WRITE;
    else
        plain |= EV_READ;
    wait_for(relay, &relay->client_event, relay->client, client, 0);
    wait_for(relay, &relay->plain_event, relay->plain, plain, 0);
}

/* As much as goes without waiting, but others want to be served, too. postscreen limits how long all may take. */
static void move(struct relay *relay)
{
    enum outcome in = MOVED;
    enum outcome out = MOVED;
    short read_wants = 0;
    short write_wants = 0;

    for (int i = 0; i < ROUNDS && (in == MOVED || out == MOVED); i++) {
        in = move_in(relay, &read_wants);
        out = move_out(relay, &write_wants);
        if (in == ENDED || out == ENDED) {
            finish(relay);
            return;
        }
    }
    wait_for_both(relay, read_wants, write_wants);
    if (in == MOVED || out == MOVED)
        event_active(relay->client_event, EV_READ, 0); /* TLS may hold more that the socket doesn't show */
}

/* --- the beginning --- */

static void shake_hands(struct relay *relay)
{
    switch (tls_accept_step(relay->tls)) {
    case TLS_STEP_DONE:
        relay->is_established = true;
        relay->in = memory_new(struct block);
        relay->out = memory_new(struct block);
        move(relay);
        break;
    case TLS_STEP_READ:
        wait_for(relay, &relay->client_event, relay->client, EV_READ, relay->relays->handshake_s);
        break;
    case TLS_STEP_WRITE:
        wait_for(relay, &relay->client_event, relay->client, EV_WRITE, relay->relays->handshake_s);
        break;
    case TLS_STEP_FAILED:
        finish(relay);
        break;
    }
}

/* Whom it is about. postscreen asks before it tells the client to go ahead. */
static void take_request(struct relay *relay)
{
    struct tlsproxy_request request;
    bool can_serve = relay->relays->context != NULL;
    char status = can_serve ? TLSPROXY_READY : TLSPROXY_UNABLE;

    ssize_t count = recv(relay->plain, &request, sizeof(request), 0);
    if (count != (ssize_t)sizeof(request) || memchr(request.name, '\0', sizeof(request.name)) == NULL) {
        if (count != 0)
            log_warning("malformed request from postscreen");
        finish(relay);
        return;
    }
    memcpy(relay->name, request.name, sizeof(relay->name));
    relay->is_announced = true;
    log_info("CONNECT from %s", relay->name);
    bool is_told = send(relay->plain, &status, sizeof(status), MSG_NOSIGNAL) == (ssize_t)sizeof(status);
    if (!can_serve)
        log_info("TLS handshake failed for service=smtpd peer=%s", relay->name);
    if (!can_serve || !is_told)
        finish(relay);
    else
        wait_for(relay, &relay->plain_event, relay->plain, EV_READ, REQUEST_S);
}

static void take_client(struct relay *relay)
{
    struct tls_relays *relays = relay->relays;
    char byte;

    ssize_t count = fd_receive(relay->plain, &byte, sizeof(byte), &relay->client, 0);
    if (count != (ssize_t)sizeof(byte) || relay->client < 0) {
        finish(relay); /* the client is gone */
        return;
    }
    fd_set_nonblocking(relay->client, true);
    relay->tls = tls_accept_begin(relays->context, relay->client, relay->name, relays->log_level);
    wait_for(relay, &relay->plain_event, relay->plain, 0, 0);
    if (relay->tls == NULL)
        finish(relay);
    else
        shake_hands(relay);
}

static void on_event(evutil_socket_t fd, short what, void *context)
{
    struct relay *relay = context;

    if (what & EV_TIMEOUT) {
        if (relay->tls != NULL)
            tls_accept_late(relay->tls);
        finish(relay);
    } else if (!relay->is_announced) {
        take_request(relay);
    } else if (relay->tls == NULL) {
        take_client(relay);
    } else if (!relay->is_established) {
        shake_hands(relay);
    } else {
        move(relay);
    }
}

void tls_relay_start(struct tls_relays *relays, int fd)
{
    struct relay *relay = memory_new(struct relay);

    relay->relays = relays;
    relay->client = -1;
    relay->plain = fd;
    relays->count++;
    wait_for(relay, &relay->plain_event, fd, EV_READ, REQUEST_S);
}
