#include "tests/fuzz/session/peers.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "qmgr/client/intake_messages.h"
#include "qmgr/client/message_file.h"
#include "util/base/clock.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/io/fd.h"
#include "util/io/stream.h"
#include "util/sasl/sasl_base64.h"

enum { PLACES_MAX = 64, KEPT_MAX = 32 };

static char folder[64];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct peers_message kept[KEPT_MAX]; /* under the lock */
static size_t kept_count;

struct place {
    char queue_id[32];
    int content;             /* -1: not lent */
};

struct manager {
    struct ipc_channel *channel;
    struct place places[PLACES_MAX];
    unsigned number;
    struct str envelope;     /* parts of a long one */
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "the server's peers: %s\n", what);
    abort();
}

/* --- the queue manager --- */

static void lend(struct manager *manager)
{
    struct place *place = manager->places;

    while (place < manager->places + PLACES_MAX && place->content >= 0)
        place++;
    must(place < manager->places + PLACES_MAX, "places are asked for and never given up");
    snprintf(place->queue_id, sizeof(place->queue_id), "Q%dN%u", ipc_fd(manager->channel), ++manager->number);
    place->content = memfd_create("place", MFD_CLOEXEC);
    must(place->content >= 0, "no file");
    intake_ready_send(manager->channel,
        &(struct intake_ready){ .queue_id = place->queue_id, .content = dup(place->content) }); /* it takes the descriptor */
}

static struct place *find(struct manager *manager, const char *queue_id)
{
    struct place *place = manager->places;

    while (place < manager->places + PLACES_MAX && (place->content < 0 || !text_equal(place->queue_id, queue_id)))
        place++;
    must(place < manager->places + PLACES_MAX, "a message for a place that wasn't lent");
    return place;
}

static void keep(const struct place *place, const struct str *envelope)
{
    struct peers_message message = { .arena = arena_new() };
    struct message_file file;
    struct message_reader reader;
    const char *why = "";

    must(envelope_decode(str_text(envelope), envelope->length, 0, message.arena, &message.envelope, &why), why);
    must(message_file_read_header(place->content, &file, &why), why);
    must(file.complete, "a message isn't complete");
    message_reader_start(&reader, place->content, &file);
    while (message_reader_text(&reader, &message.text, 65536))
        ;
    must(reader.error == 0, "a message can't be read");
    pthread_mutex_lock(&lock);
    must(kept_count < KEPT_MAX, "messages are taken in and not acknowledged");
    kept[kept_count++] = message;
    pthread_mutex_unlock(&lock);
}

static void commit(struct manager *manager, const struct intake_commit *commit)
{
    struct place *place = find(manager, commit->queue_id);

    str_put_bytes(&manager->envelope, commit->envelope.data, commit->envelope.length);
    keep(place, &manager->envelope);
    str_clear(&manager->envelope);
    fd_close(&place->content);
    intake_committed_send(manager->channel, &(struct intake_committed){ .queue_id = commit->queue_id });
    if (commit->another)
        lend(manager);
}

static void take_request(struct manager *manager, unsigned type)
{
    union {
        struct intake_open open;
        struct intake_part part;
        struct intake_commit commit;
        struct intake_abandon abandon;
        struct intake_flush_site site;
    } message;

    if (type == intake_open_type && intake_open_decode(manager->channel, &message.open))
        lend(manager);
    else if (type == intake_part_type && intake_part_decode(manager->channel, &message.part))
        str_put_bytes(&manager->envelope, message.part.envelope.data, message.part.envelope.length);
    else if (type == intake_commit_type && intake_commit_decode(manager->channel, &message.commit))
        commit(manager, &message.commit);
    else if (type == intake_abandon_type && intake_abandon_decode(manager->channel, &message.abandon))
        fd_close(&find(manager, message.abandon.queue_id)->content);
    else
        must(type == intake_flush_site_type && intake_flush_site_decode(manager->channel, &message.site), "what is that?");
}

static void *run_manager(void *connection)
{
    struct manager manager = { .channel = ipc_open((int)(intptr_t)connection) };
    unsigned type;

    for (size_t i = 0; i < PLACES_MAX; i++)
        manager.places[i].content = -1;
    while (ipc_receive(manager.channel, &type, CLOCK_NEVER)) {
        take_request(&manager, type);
        (void)ipc_flush(manager.channel, CLOCK_NEVER); /* who has left asks for nothing more */
    }
    ipc_close(manager.channel);
    for (size_t i = 0; i < PLACES_MAX; i++)
        fd_close(&manager.places[i].content);
    str_free(&manager.envelope);
    return NULL;
}

bool peers_take(struct peers_message *message)
{
    pthread_mutex_lock(&lock);
    bool is_any = kept_count > 0;
    if (is_any) {
        *message = kept[0];
        memmove(kept, kept + 1, --kept_count * sizeof(kept[0]));
    }
    pthread_mutex_unlock(&lock);
    return is_any;
}

void peers_free(struct peers_message *message)
{
    arena_free(message->arena);
    str_free(&message->text);
}

/* --- Dovecot: alice and bob have the password "good"; at "drop" it hangs up, at "later" it is out of order --- */

static void judge(struct stream *stream, unsigned request, const char *user, const char *password)
{
    if (text_equal(user, "later"))
        stream_printf(stream, "FAIL\t%u\tuser=%s\ttemp\n", request, user);
    else if ((text_equal(user, "alice") || text_equal(user, "bob")) && text_equal(password, "good"))
        stream_printf(stream, "OK\t%u\tuser=%s\n", request, user);
    else
        stream_printf(stream, "FAIL\t%u\tuser=%s\n", request, user);
}

static bool take_plain(struct stream *stream, unsigned request, const char *base64)
{
    struct str plain = {0};
    const char *user = "";
    const char *password = "";

    if (sasl_base64_decode(base64, &plain) && memchr(str_text(&plain), '\0', plain.length) == plain.data
        && plain.length > 1) {
        user = plain.data + 1;
        password = user + strlen(user) < plain.data + plain.length ? user + strlen(user) + 1 : "";
    }
    bool stay = !text_equal(user, "drop");
    if (stay)
        judge(stream, request, user, password);
    str_free(&plain);
    return stay;
}

/* LOGIN: the name, then the password. */
static bool take_login(struct stream *stream, unsigned request, const char *base64, struct str *user)
{
    struct str text = {0};

    bool is_good = sasl_base64_decode(base64, &text);
    if (!is_good) {
        stream_printf(stream, "FAIL\t%u\n", request);
    } else if (user->length == 0) {
        str_set(user, str_text(&text));
        stream_printf(stream, "CONT\t%u\tUGFzc3dvcmQ6\n", request);
    } else {
        judge(stream, request, str_text(user), str_text(&text));
        str_clear(user);
    }
    str_free(&text);
    return true;
}

static bool take_auth_line(struct stream *stream, char *line, bool *is_login, struct str *user)
{
    char *save = NULL;
    const char *verb = strtok_r(line, "\t", &save);
    const char *number = strtok_r(NULL, "\t", &save);
    const char *word = strtok_r(NULL, "\t", &save);
    unsigned request = number == NULL ? 0 : (unsigned)strtoul(number, NULL, 10);

    if (verb == NULL || number == NULL)
        return verb != NULL;
    if (text_equal(verb, "CONT"))
        return *is_login ? take_login(stream, request, word == NULL ? "" : word, user)
                         : take_plain(stream, request, word == NULL ? "" : word);
    if (!text_equal(verb, "AUTH") || word == NULL)
        return true;
    *is_login = text_equal_nocase(word, "LOGIN");
    str_clear(user);
    while ((word = strtok_r(NULL, "\t", &save)) != NULL) {
        if (text_starts_with(word, "resp="))
            return *is_login ? take_login(stream, request, word + 5, user) : take_plain(stream, request, word + 5);
    }
    stream_printf(stream, "CONT\t%u\t%s\n", request, *is_login ? "VXNlcm5hbWU6" : "");
    return true;
}

static void *run_auth(void *connection)
{
    struct str line = {0};
    struct str user = {0};
    bool is_login = false;

    struct stream *stream = stream_open((int)(intptr_t)connection);
    stream_set_timeout(stream, 1000000);
    stream_put(stream, "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nDONE\n");
    (void)stream_flush(stream); /* a failure shows at the next read */
    while (stream_read_line(stream, &line, 65536) == STREAM_OK
           && (line.length == 0 || take_auth_line(stream, line.data, &is_login, &user)))
        (void)stream_flush(stream); /* likewise */
    stream_close(stream);
    str_free(&line);
    str_free(&user);
    return NULL;
}

/* --- all of them --- */

const char *peers_folder(void)
{
    return folder;
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void make_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    FILE *file = fopen(path_of("key.pem"), "w");

    must(key != NULL && certificate != NULL && file != NULL, "no key");
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 1000L * 24 * 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC, (const unsigned char *)"here.test", -1,
        -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    must(X509_sign(certificate, key, EVP_sha256()) > 0, "no certificate");
    must(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) && PEM_write_X509(file, certificate), "no key file");
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

struct service {
    const char *name;
    int listener;
    void *(*run)(void *connection);
};

static void start_thread(void *(*run)(void *), void *argument)
{
    pthread_t thread;

    must(pthread_create(&thread, NULL, run, argument) == 0 && pthread_detach(thread) == 0, "no thread");
}

static void *run_service(void *argument)
{
    const struct service *service = argument;

    for (;;) {
        int fd = accept(service->listener, NULL, NULL);
        must(fd >= 0, "no connection");
        start_thread(service->run, (void *)(intptr_t)fd);
    }
    return NULL;
}

void peers_start(void)
{
    static struct service services[] = { { "intake", -1, run_manager }, { "auth", -1, run_auth } };

    snprintf(folder, sizeof(folder), "/tmp/fuzz_session.XXXXXX");
    must(mkdtemp(folder) != NULL, "no folder");
    make_key();
    for (size_t i = 0; i < COUNT_OF(services); i++) {
        services[i].listener = fd_listen_unix(path_of(services[i].name), 0600, 5);
        must(services[i].listener >= 0, "no socket");
        start_thread(run_service, &services[i]);
    }
}

void peers_stop(void)
{
    static const char *const names[] = { "intake", "auth", "key.pem" };

    for (size_t i = 0; i < COUNT_OF(names); i++)
        (void)unlink(path_of(names[i])); /* whatever is there */
    (void)rmdir(folder);                 /* likewise */
}
