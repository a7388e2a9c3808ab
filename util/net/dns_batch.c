/* dns_batch.c: several questions asked side by side over UDP (dns.h). What isn't plain (long replies, aliases that lead
 * elsewhere, name servers reached by IPv6 alone) is asked again by dns_lookup. */
#include <arpa/nameser.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>

#include "util/base/clock.h"
#include "util/net/dns.h"
#include "util/net/idn.h"

enum { QUERY_BYTES = 512, UDP_BYTES = 4096, ROUNDS = 2, WAIT_S = 5, QUESTIONS_MAX = 64 };

struct query {
    struct dns_question *question;
    const char *ascii;
    unsigned char bytes[QUERY_BYTES];
    int length;     /* not above 0: can't be asked in this way */
    bool answered;
};

static bool start(struct __res_state *state)
{
    memset(state, 0, sizeof(*state));
    return res_ninit(state) == 0 && state->nscount > 0;
}

static bool id_is_taken(const struct query *queries, size_t count, const unsigned char *bytes)
{
    for (size_t i = 0; i < count; i++) {
        if (queries[i].length > 0 && memcmp(queries[i].bytes, bytes, 2) == 0)
            return true;
    }
    return false;
}

static void make_query(struct __res_state *state, struct query *queries, size_t index, struct arena *arena)
{
    struct query *query = &queries[index];
    struct str ascii = {0};

    if (idn_to_ascii(query->question->name, &ascii) && ascii.length > 0) {
        query->ascii = arena_copy_text(arena, str_text(&ascii));
        for (int i = 0; i < 20; i++) { /* the id is random */
            query->length = res_nmkquery(state, ns_o_query, query->ascii, ns_c_in, (int)query->question->type, NULL, 0,
                NULL, query->bytes, QUERY_BYTES);
            if (query->length <= 0 || !id_is_taken(queries, index, query->bytes))
                break;
            query->length = 0;
        }
    }
    str_free(&ascii);
}

static void take_reply(struct query *queries, size_t count, const unsigned char *reply, size_t length, bool last_server,
    struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct query *query = &queries[i];
        struct dns_answer answer;
        if (query->answered || query->length <= 0 || length < 12 || memcmp(query->bytes, reply, 2) != 0)
            continue;
        if (!dns_decode(reply, length, query->ascii, query->question->type, arena, &answer)) {
            query->length = 0;
            return;
        }
        if (answer.outcome == DNS_TRY_AGAIN && !last_server)
            return; /* another server may know */
        query->question->answer = answer;
        query->answered = true;
        return;
    }
}

static size_t count_open(const struct query *queries, size_t count)
{
    size_t open = 0;

    for (size_t i = 0; i < count; i++)
        open += !queries[i].answered && queries[i].length > 0;
    return open;
}

/* One round: everything that is still open to one server. */
static void ask_server(const struct sockaddr_in *server, struct query *queries, size_t count, bool last_server,
    struct arena *arena)
{
    unsigned char reply[UDP_BYTES];
    int64_t deadline_ms = clock_deadline_s(WAIT_S);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)server, sizeof(*server)) == 0) {
        size_t expected = 0;
        for (size_t i = 0; i < count; i++) {
            if (!queries[i].answered && queries[i].length > 0
                && send(fd, queries[i].bytes, (size_t)queries[i].length, 0) == queries[i].length)
                expected++;
        }
        while (expected > 0 && count_open(queries, count) > 0) {
            struct pollfd waiting = { .fd = fd, .events = POLLIN };
            if (poll(&waiting, 1, clock_left_ms(deadline_ms)) <= 0)
                break;
            ssize_t length = recv(fd, reply, sizeof(reply), 0);
            if (length < 0 && errno != EAGAIN && errno != EINTR)
                break;
            if (length > 0)
                take_reply(queries, count, reply, (size_t)length, last_server, arena);
        }
    }
    (void)close(fd); /* only a datagram socket */
}

static void ask_all(struct __res_state *state, struct query *queries, size_t count, struct arena *arena)
{
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < state->nscount && count_open(queries, count) > 0; i++) {
            if (state->nsaddr_list[i].sin_family == AF_INET)
                ask_server(&state->nsaddr_list[i], queries, count, i == state->nscount - 1, arena);
        }
    }
}

static bool has_plain_server(const struct __res_state *state)
{
    for (int i = 0; i < state->nscount; i++) {
        if (state->nsaddr_list[i].sin_family == AF_INET)
            return true;
    }
    return false;
}

/* Nobody answered in all that time. */
static void give_up(struct query *query, struct arena *arena)
{
    struct dns_answer *answer = &query->question->answer;

    *answer = (struct dns_answer){ .outcome = DNS_TRY_AGAIN, .name = query->ascii, .status = "4.4.3" };
    answer->text = arena_printf(arena, "Host or domain name not found. Name service error for name=%s type=%s: Host not found, "
                                       "try again", query->question->name, dns_type_name(query->question->type));
}

void dns_lookup_all(struct dns_question *questions, size_t count, struct arena *arena)
{
    struct __res_state state;
    size_t batched = count <= QUESTIONS_MAX && count > 1 ? count : 0;
    struct query *queries = arena_allocate(arena, (batched + 1) * sizeof(*queries));

    bool started = batched > 0 && start(&state);
    if (started && has_plain_server(&state)) {
        for (size_t i = 0; i < batched; i++) {
            queries[i].question = &questions[i];
            make_query(&state, queries, i, arena);
        }
        ask_all(&state, queries, batched, arena);
    } else {
        batched = 0;
    }
    if (started)
        res_nclose(&state);
    for (size_t i = 0; i < count; i++) {
        if (i < batched && queries[i].answered)
            continue;
        if (i < batched && queries[i].length > 0)
            give_up(&queries[i], arena);
        else
            (void)dns_lookup(questions[i].name, questions[i].type, 0, arena, &questions[i].answer);
    }
}
