#include "tests/fuzz/session/client.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/fuzz/session/phrases.h"
#include "util/base/text.h"

enum { GROUP_MAX = 24, PIECES_MAX = 20, STEPS_MAX = 200, READ_MAX = 16384 };

enum hang_up { STAY, HANG_UP_NOW, HANG_UP_AFTER_OUTPUT };

static struct client {
    struct model model;
    struct arena *arena;
    const uint8_t *bytes;
    size_t length;
    size_t at;
    int steps;
    struct model_step pending[GROUP_MAX]; /* said and not answered */
    size_t first;
    size_t count;
    struct str output;
    size_t sent;
    enum hang_up hang_up;
    bool gone;
    struct str reply;        /* the line that is arriving */
    struct str rest;         /* of the content: the next chunk begins with it */
    bool is_new;             /* content has to begin with a header */
    bool is_login;           /* the exchange under way is AUTH LOGIN ... */
    bool user_is_told;       /* ... and at its second step */
    struct str trace;
    int fd;
    bool has_thread;
    pthread_t thread;
} client;

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "%s\n\n*** %s\n", str_text(&client.trace), what);
    abort();
}

/* --- what to say next --- */

static unsigned char take_byte(void)
{
    return client.at < client.length ? client.bytes[client.at++] : '0';
}

static bool next_is(unsigned char byte)
{
    if (client.at == client.length || client.bytes[client.at] != byte)
        return false;
    client.at++;
    return true;
}

static struct model_step *add_step(const struct model_phrase *phrase)
{
    struct model_step *step = &client.pending[client.count++];

    *step = (struct model_step){ .phrase = phrase, .text = "" };
    return step;
}

static void say(const struct model_phrase *phrase)
{
    (void)add_step(phrase);
    str_printf(&client.output, "%s\r\n", phrase->line);
}

/* The content begins anew: with a header. */
static void put_header(struct str *text)
{
    if (client.is_new)
        str_put(text, "Subject: fuzz\r\n\r\n");
    client.is_new = false;
}

/* What the wire carries after DATA, without added dots. */
static const char *without_dots(const char *wire)
{
    char *text = arena_allocate(client.arena, strlen(wire) + 1);
    char *to = text;
    bool line_start = true;

    for (; *wire != '\0'; wire++) {
        if (!line_start || *wire != '.')
            *to++ = *wire;
        line_start = *wire == '\n';
    }
    *to = '\0';
    return text;
}

static void say_content(void)
{
    struct str wire = {0};
    bool bare_lf = false;

    client.is_new = true;
    put_header(&wire);
    for (int i = 0; i < PIECES_MAX && client.at < client.length && !next_is('.'); i++) {
        if (next_is('!')) {
            str_put(&client.output, str_text(&wire));
            client.hang_up = HANG_UP_AFTER_OUTPUT;
            str_free(&wire);
            return;
        }
        const struct phrases_piece *piece = phrases_piece(take_byte());
        str_put(&wire, piece->stuffed);
        bare_lf = bare_lf || piece->bare_lf;
    }
    if (!text_ends_with_nocase(str_text(&wire), "\r\n"))
        str_put(&wire, "\r\n");
    struct model_step *step = add_step(&phrases_content);
    step->bare_lf = bare_lf;
    step->text = without_dots(str_text(&wire));
    step->size_bytes = strlen(step->text);
    str_printf(&client.output, "%s.\r\n", str_text(&wire));
    str_free(&wire);
}

/* b: a chunk; c: one that ends somewhere; l: the last one; z: an empty one; Z: an empty last one. */
static void say_chunk(unsigned char letter)
{
    struct model_step *step = add_step(&phrases_chunk);
    struct str text = {0};

    step->last = letter == 'l' || letter == 'Z';
    if (letter != 'z') {
        put_header(&text);
        str_put(&text, str_text(&client.rest));
        str_clear(&client.rest);
    }
    if (letter != 'z' && letter != 'Z')
        str_put(&text, phrases_piece(take_byte())->plain);
    if (letter == 'c') {
        size_t cut = text.length * (take_byte() % 16u) / 16;
        str_put(&client.rest, str_text(&text) + cut);
        str_truncate(&text, cut);
    }
    step->text = arena_copy_text(client.arena, str_text(&text));
    step->size_bytes = text.length;
    str_printf(&client.output, "BDAT %zu%s\r\n%s", text.length, step->last ? " LAST" : "", str_text(&text));
    if (client.at < client.length && client.bytes[client.at] == '!' && text.length > 0) { /* half of it, and away */
        str_truncate(&client.output, client.output.length - 1);
        client.hang_up = HANG_UP_AFTER_OUTPUT;
        step->half = true;
    }
    str_free(&text);
}

static void say_response(void)
{
    if (client.is_login && !client.user_is_told) {
        say(phrases_find('u', take_byte()));
        client.user_is_told = true;
    } else {
        say(phrases_find(client.is_login ? 'w' : 'p', take_byte()));
    }
}

/* False: nothing may be sent behind that before it is answered. */
static bool say_command(void)
{
    static const char chunks[] = "bclzZ";
    unsigned char letter = take_byte();
    bool is_chunk = strchr(chunks, letter) != NULL && letter != '\0';

    if (phrases_find(letter, '0') == NULL && !is_chunk && letter % 5 == 0) {
        is_chunk = true;
        letter = (unsigned char)chunks[letter / 5 % 5];
    }
    if (is_chunk) {
        say_chunk(letter);
        return client.hang_up == STAY;
    }
    const struct model_phrase *phrase = phrases_choose(letter, take_byte());
    say(phrase);
    if (phrase->kind == MODEL_MAIL) {
        client.is_new = true;
        str_clear(&client.rest);
    }
    client.is_login = text_equal(phrase->line, "AUTH LOGIN");
    client.user_is_told = false;
    bool is_safe = client.model.rules->no_early_input && !client.model.in_pieces;
    return is_safe || (phrase->kind != MODEL_DATA && phrase->kind != MODEL_AUTH);
}

static void say_group(void)
{
    bool more = true;

    while (more && client.count < GROUP_MAX) {
        more = say_command() && next_is('&');
        client.pending[client.count > 0 ? client.count - 1 : 0].followed = more && client.count < GROUP_MAX;
    }
    /* Its own bytes stand behind a BDAT. */
    for (size_t i = 0; i < client.count; i++)
        client.pending[i].followed = client.pending[i].followed || *client.pending[i].text != '\0';
}

/* Whatever has been acknowledged was taken off before. */
static void expect_no_message(void)
{
    struct peers_message message;

    if (peers_take(&message))
        fail("a message was taken in, and not acknowledged (or twice)");
}

/* Makes new output. False: the client hangs up. */
static bool go_on(void)
{
    if (client.sent < client.output.length)
        return true;
    if (client.hang_up != STAY) {
        client.first += client.first < client.count && client.pending[client.first].half;
        if (client.first == client.count)
            return false;
    }
    if (client.first < client.count)
        fail("the server waits for more, and hasn't answered");
    if (client.model.closed)
        fail("the server reads on after its goodbye");
    if (client.model.in_handshake)
        fail("the server doesn't begin the handshake");
    expect_no_message();
    client.first = client.count = client.sent = 0;
    str_clear(&client.output);
    if (client.at == client.length || client.steps++ == STEPS_MAX || next_is('!'))
        return false;
    if (client.model.in_content)
        say_content();
    else if (client.model.in_auth)
        say_response();
    else
        say_group();
    str_printf(&client.trace, "> %s\n", str_text(&client.output));
    return true;
}

/* With TLS only content comes in pieces: who is thrown out while bytes of his are under way may miss the goodbye. */
static bool may_cut(void)
{
    return client.model.in_pieces
           && (!client.has_thread || (client.count > 0 && client.pending[0].phrase->kind == MODEL_CONTENT));
}

/* The next piece of the output. NULL: the client hangs up. */
static const char *next_piece(size_t limit, size_t *length)
{
    if (!go_on()) {
        str_put(&client.trace, "> (hangs up)\n");
        client.gone = true;
        return NULL;
    }
    const char *piece = str_text(&client.output) + client.sent;
    *length = client.output.length - client.sent;
    if (may_cut() && *length > 1 + client.sent % 7)
        *length = 1 + client.sent % 7;
    if (*length > limit)
        *length = limit;
    client.sent += *length;
    return piece;
}

/* --- what the server says --- */

static void expect_message(void)
{
    struct peers_message message;
    const char *why;

    if (!peers_take(&message))
        fail("a message was acknowledged, and not taken in");
    if (!model_compare(&client.model, &message, &why)) {
        fprintf(stderr, "%s\n--- (from <%s>, %zu recipients)\n", str_text(&message.text), message.envelope.sender,
            message.envelope.recipient_count);
        fail(why);
    }
    peers_free(&message);
}

static void take_reply(int code, const char *text)
{
    if (client.first == client.count)
        fail("a reply that nobody asked for");
    const struct model_step *step = &client.pending[client.first++];
    if (!model_judge(&client.model, step, code, text)) {
        fprintf(stderr, "to \"%s\" of kind %d\n", step->phrase->line, step->phrase->kind);
        fail("that reply isn't allowed here");
    }
    if (client.model.accepted && !client.model.discard)
        expect_message();
    if (client.model.accepted)
        model_forget(&client.model);
    if (client.model.rest_is_dropped || client.model.closed)
        client.first = client.count;
    client.model.rest_is_dropped = false;
}

static void take_reply_line(const char *line)
{
    size_t length = strlen(line);

    str_printf(&client.trace, "< %s", line);
    if (length < 6 || strspn(line, "0123456789") != 3 || (line[3] != ' ' && line[3] != '-')
        || strcspn(line, "\r\n") != length - 2 || line[length - 2] != '\r')
        fail("that isn't a line of a reply");
    if (line[3] == ' ')
        take_reply(atoi(line), line);
}

static void feed(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        str_put_char(&client.reply, bytes[i]);
        if (bytes[i] == '\n') {
            take_reply_line(str_text(&client.reply));
            str_clear(&client.reply);
        }
    }
}

/* --- TLS --- */

static SSL *new_connection(void)
{
    static SSL_CTX *context;

    if (context == NULL) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    }
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, client.fd) != 1)
        fail("no TLS");
    return ssl;
}

/* Reads until all is answered that is complete. False: the server hung up. */
static bool read_replies(SSL *ssl)
{
    char bytes[4096];

    while ((client.first < client.count && !client.pending[client.first].half) || client.model.closed) {
        int count = SSL_read(ssl, bytes, sizeof(bytes));
        if (count <= 0)
            return false;
        feed(bytes, (size_t)count);
    }
    return true;
}

static void *run_encrypted(void *unused)
{
    SSL *ssl = new_connection();
    const char *piece = "";
    size_t length;

    if (SSL_connect(ssl) != 1)
        fail("the handshake failed");
    client.model.in_handshake = false;
    while ((client.sent < client.output.length || read_replies(ssl)) && piece != NULL) {
        piece = next_piece(READ_MAX, &length);
        if (piece != NULL && SSL_write(ssl, piece, (int)length) <= 0)
            break;
    }
    SSL_free(ssl);
    close(client.fd);
    client.fd = -1;
    return NULL;
}

/* Behind "220 Ready": a handshake; or (!) nothing, or (~) something else. */
static void begin_handshake(void)
{
    bool is_strange = next_is('~');

    client.first = client.count = client.sent = 0;
    str_clear(&client.output);
    if (is_strange || next_is('!')) {
        client.gone = true;
        if (is_strange)
            (void)send(client.fd, "EHLO one.test\r\n", 15, MSG_NOSIGNAL);
        close(client.fd);
        client.fd = -1;
        return;
    }
    str_put(&client.trace, "--- TLS\n");
    client.has_thread = pthread_create(&client.thread, NULL, run_encrypted, NULL) == 0;
    if (!client.has_thread)
        fail("no thread");
}

/* --- the server's transport --- */

static ssize_t server_reads(void *context, void *bytes, size_t length, short *wait)
{
    size_t have;
    const char *piece = next_piece(length, &have);

    if (piece == NULL)
        return 0;
    memcpy(bytes, piece, have);
    return (ssize_t)have;
}

static ssize_t server_writes(void *context, const void *bytes, size_t length, short *wait)
{
    feed(bytes, length);
    if (client.model.in_handshake && !client.has_thread && !client.gone)
        begin_handshake();
    return (ssize_t)length;
}

const struct stream_transport client_transport = { .read = server_reads, .write = server_writes };

int client_start(const struct model_rules *rules, const uint8_t *bytes, size_t length)
{
    int pair[2];

    client = (struct client){ .arena = arena_new(), .bytes = bytes, .length = length };
    model_start(&client.model, rules);
    client.model.in_pieces = next_is('/');
    (void)add_step(&phrases_greeting);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        fail("no sockets");
    client.fd = pair[1];
    return pair[0];
}

void client_stop(void)
{
    if (client.has_thread)
        pthread_join(client.thread, NULL);
    if (!client.model.closed && !client.gone)
        fail("the server hung up without a word");
    if (client.first < client.count && !client.has_thread)
        fail("something was never answered");
    expect_no_message();
    if (client.fd >= 0)
        close(client.fd);
    model_stop(&client.model);
    arena_free(client.arena);
    str_free(&client.output);
    str_free(&client.reply);
    str_free(&client.rest);
    str_free(&client.trace);
}
