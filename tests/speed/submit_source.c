/* submit_source.c: a load of submissions: TLS, AUTH PLAIN, one message of 4 KiB, QUIT; one message a connection, several sessions
 * side by side. Usage: submit_source PORT tls|starttls MESSAGES SESSIONS USER PASSWORD RECIPIENT */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BODY_BYTES = 4096 };

struct peer {
    int fd;
    SSL *tls;
    char buffer[8192];
    size_t length;
};

static void fail(const char *what)
{
    fprintf(stderr, "submit_source: %s\n", what);
    exit(1);
}

static void say(struct peer *peer, const char *text)
{
    int length = (int)strlen(text);

    if (peer->tls != NULL ? SSL_write(peer->tls, text, length) != length : write(peer->fd, text, (size_t)length) != length)
        fail("write");
}

/* Reads a whole reply; its code must begin with the digit. */
static void expect(struct peer *peer, char digit)
{
    peer->length = 0;
    for (;;) {
        int room = (int)(sizeof(peer->buffer) - peer->length - 1);
        int count = peer->tls != NULL ? SSL_read(peer->tls, peer->buffer + peer->length, room)
            : (int)read(peer->fd, peer->buffer + peer->length, (size_t)room);
        if (count <= 0)
            fail("the server hung up");
        peer->length += (size_t)count;
        peer->buffer[peer->length] = '\0';
        if (peer->buffer[peer->length - 1] != '\n')
            continue;
        char *last = peer->buffer;
        for (char *at = peer->buffer; (at = strchr(at, '\n')) != NULL && at[1] != '\0'; at++)
            last = at + 1;
        if (last[3] == '-')
            continue;
        if (last[0] != digit)
            fail(last);
        return;
    }
}

static void start_tls(struct peer *peer, SSL_CTX *context)
{
    peer->tls = SSL_new(context);
    if (peer->tls == NULL || SSL_set_fd(peer->tls, peer->fd) != 1 || SSL_connect(peer->tls) != 1)
        fail("TLS handshake");
}

static void submit(int port, int implicit, SSL_CTX *context, const char *login, const char *recipient)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    struct peer peer = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
    static char body[BODY_BYTES + 64];
    char command[512];

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(peer.fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail("connect");
    (void)setsockopt(peer.fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)); /* else acknowledgements are waited for */
    if (implicit)
        start_tls(&peer, context);
    expect(&peer, '2');
    say(&peer, "EHLO client.example\r\n");
    expect(&peer, '2');
    if (!implicit) {
        say(&peer, "STARTTLS\r\n");
        expect(&peer, '2');
        start_tls(&peer, context);
        say(&peer, "EHLO client.example\r\n");
        expect(&peer, '2');
    }
    snprintf(command, sizeof(command), "AUTH PLAIN %s\r\n", login);
    say(&peer, command);
    expect(&peer, '2');
    say(&peer, "MAIL FROM:<sender@client.example>\r\n");
    expect(&peer, '2');
    snprintf(command, sizeof(command), "RCPT TO:<%s>\r\n", recipient);
    say(&peer, command);
    expect(&peer, '2');
    say(&peer, "DATA\r\n");
    expect(&peer, '3');
    memset(body, 'x', BODY_BYTES);
    for (int i = 70; i + 1 < BODY_BYTES; i += 72) {
        body[i] = '\r';
        body[i + 1] = '\n';
    }
    memcpy(body, "Subject: load\r\n\r\n", 17);
    memcpy(body + BODY_BYTES, "\r\n.\r\n", 6);
    say(&peer, body);
    expect(&peer, '2');
    say(&peer, "QUIT\r\n");
    expect(&peer, '2');
    SSL_free(peer.tls);
    close(peer.fd);
}

int main(int argc, char **argv)
{
    unsigned char plain[256];
    unsigned char login[512];

    if (argc != 8)
        return 2;
    int messages = atoi(argv[3]);
    int sessions = atoi(argv[4]);
    int length = snprintf((char *)plain, sizeof(plain), "%c%s%c%s", 0, argv[5], 0, argv[6]);
    EVP_EncodeBlock(login, plain, length);
    for (int i = 0; i < sessions; i++) {
        if (fork() != 0)
            continue;
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        for (int k = i; k < messages; k += sessions)
            submit(atoi(argv[1]), strcmp(argv[2], "tls") == 0, context, (char *)login, argv[7]);
        _exit(0);
    }
    int status;
    int result = 0;
    while (wait(&status) > 0)
        result |= status != 0;
    return result;
}
