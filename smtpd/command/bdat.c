/* BDAT (RFC 3030): content in counted chunks. Whatever is answered, the announced bytes are read first. */
#include <string.h>

#include "smtpd/command.h"
#include "smtpd/keywords.h"
#include "smtpd/message.h"
#include "smtpd/milter_stage.h"
#include "smtpd/proxy_filter.h"
#include "smtpd/restrictions.h"
#include "smtpd/session.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct chunk {
    uint64_t length;
    bool last;
};

/* "100 LAST" */
static bool parse(struct session *session, const char *arguments, struct chunk *chunk)
{
    const char *word;
    size_t length;

    if (!text_next_word(&arguments, " \t", &word, &length)
        || !number_parse_u64(arena_copy_bytes(session->call, word, length), INT64_MAX / 2, &chunk->length))
        return false;
    chunk->last = text_next_word(&arguments, " \t", &word, &length);
    if (chunk->last && !text_equal_nocase(arena_copy_bytes(session->call, word, length), "LAST"))
        return false;
    return !text_next_word(&arguments, " \t", &word, &length);
}

static void drop(void *context, const char *bytes, size_t length, bool line_end)
{
}

/* Reads the chunk and throws it away. code 0: the connection broke off. */
static struct verdict discard(struct session *session, uint64_t length, struct verdict verdict)
{
    struct framing framing = { .sink = drop };

    if (framing_read_chunk(&framing, session->stream, length) == STREAM_OK)
        return verdict;
    session->where = arena_printf(session->arena, "BDAT (%llu bytes)", (unsigned long long)framing.size_bytes);
    return (struct verdict){0};
}

/* Nothing comes of the message any more: the last chunk ends the transaction, and until then every one is refused (RFC 3030
 * section 2). */
static struct verdict spoil(struct session *session, const struct chunk *chunk, struct verdict verdict)
{
    struct transaction *transaction = &session->transaction;

    if (chunk->last) {
        transaction_reset(transaction);
    } else {
        transaction->state = TRANSACTION_CHUNKS;
        transaction->failure = verdict;
    }
    return verdict;
}

/* The same before the chunk was read. */
static struct verdict fail(struct session *session, const struct chunk *chunk, struct verdict verdict)
{
    return discard(session, chunk->length, spoil(session, chunk, verdict));
}

/* Whether there is anything to put content into. code 0: there is. */
static struct verdict check_phase(struct session *session, const struct chunk *chunk)
{
    struct transaction *transaction = &session->transaction;

    if (transaction->failure.code != 0)
        return VERDICT(551, "5.0.0",
            arena_printf(session->call, "Discarded %llu bytes after earlier error", (unsigned long long)chunk->length));
    if (transaction->state == TRANSACTION_SENDER)
        return VERDICT(554, "5.5.1", "Error: no valid recipients");
    if (!message_is_open(session))
        return VERDICT(503, "5.5.1", "Error: need RCPT command");
    return (struct verdict){0};
}

static struct verdict begin(struct session *session)
{
    struct transaction *transaction = &session->transaction;

    if (transaction->state == TRANSACTION_CHUNKS)
        return (struct verdict){0};
    struct verdict verdict = restrictions_ask(session, POLICY_DATA,
        transaction->recipient_count == 1 ? transaction->recipient : NULL, NULL);
    if (verdict.code == 0)
        verdict = milter_stage_data(session);
    if (verdict.code == 0 && transaction->proxy != NULL)
        verdict = proxy_filter_data(session);
    if (verdict.code == 0)
        message_start_content(session);
    return verdict;
}

/* The size of what came so far; an unfinished line counts by whole pieces of line_length_limit, as with Postfix. */
static uint64_t size_before(const struct session *session)
{
    const struct framing *framing = &session->transaction.framing;

    return framing->size_bytes - framing->line_bytes % (uint64_t)session->config->line_length_limit;
}

static bool is_too_big(const struct session *session, const struct chunk *chunk)
{
    int64_t limit = session->config->message_size_limit;
    uint64_t before = size_before(session);

    return limit > 0 && (before > (uint64_t)limit || chunk->length > (uint64_t)limit - before);
}

static struct verdict take(struct session *session, const struct chunk *chunk)
{
    struct transaction *transaction = &session->transaction;

    struct verdict verdict = begin(session);
    if (verdict.code != 0)
        return fail(session, chunk, verdict);
    transaction->state = TRANSACTION_CHUNKS;
    if (is_too_big(session, chunk)) {
        log_warning("%s: BDAT request from %s exceeds message size limit", session_queue_id(session),
            session->client_text);
        session->trouble |= TROUBLE_POLICY;
        return fail(session, chunk, VERDICT(552, "5.3.4", "Chunk exceeds message size limit"));
    }
    if (framing_read_chunk(&transaction->framing, session->stream, chunk->length) != STREAM_OK) {
        session->where = arena_printf(session->arena, "BDAT (%llu bytes)",
            (unsigned long long)transaction->framing.size_bytes);
        return (struct verdict){0};
    }
    if (transaction->framing.saw_bare_lf) {
        struct verdict refused = session_judge_bare_newline(session, "BDAT content");
        if (refused.code != 0)
            return spoil(session, chunk, refused);
    }
    if (!chunk->last && transaction->too_big)
        return spoil(session, chunk, VERDICT(552, "5.3.4", "Error: message file too big"));
    if (!chunk->last)
        return VERDICT(250, "2.0.0", arena_printf(session->call, "Ok: %llu bytes", (unsigned long long)chunk->length));
    framing_end_chunks(&transaction->framing);
    session->where = "END-OF-MESSAGE";
    return message_end(session, true);
}

struct verdict command_bdat_skip(struct session *session, const char *arguments, struct verdict verdict)
{
    struct chunk chunk;

    if ((session->discard_keywords & KEYWORD_CHUNKING) || !parse(session, arguments, &chunk))
        return verdict;
    return discard(session, chunk.length, verdict);
}

struct verdict command_bdat(struct session *session, const char *arguments)
{
    struct chunk chunk;

    if (session->discard_keywords & KEYWORD_CHUNKING)
        return VERDICT(521, "5.5.1", "Error: command not implemented") /* its bytes would be taken for commands */;
    if (!parse(session, arguments, &chunk)) {
        log_warning("%s: malformed BDAT command syntax from %s: BDAT%s%.100s", session_queue_id(session),
            session->client_text, *arguments == '\0' ? "" : " ", arguments);
        return VERDICT(521, "5.5.4", "Syntax: BDAT count [LAST]");
    }
    if (chunk.length == 0 && !chunk.last) {
        log_warning("%s: null BDAT request from %s", session_queue_id(session), session->client_text);
        return spoil(session, &chunk, VERDICT(551, "5.7.1", "Null BDAT request"));
    }
    struct verdict verdict = check_phase(session, &chunk);
    return verdict.code != 0 ? fail(session, &chunk, verdict) : take(session, &chunk);
}
