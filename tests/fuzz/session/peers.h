/* peers.h: those whom the SMTP server talks to while its sessions are tried out: a queue manager that keeps what it is given in
 * memory, and Dovecot's auth server. Each is a thread behind a Unix socket in a private folder, where a key for TLS lies, too. */
#ifndef TESTS_FUZZ_SESSION_PEERS_H
#define TESTS_FUZZ_SESSION_PEERS_H
#include <stdbool.h>

#include "qmgr/client/envelope.h"
#include "util/base/arena.h"
#include "util/base/str.h"

struct peers_message {
    struct arena *arena;
    struct envelope envelope;
    struct str text;             /* head, empty line, body with LF */
};

/* Makes the folder and starts the threads; once. */
void peers_start(void);
/* Removes the folder. */
void peers_stop(void);
const char *peers_folder(void);  /* sockets: intake, auth; key and certificate: key.pem */

/* The message that was committed first and not yet taken (peers_free). False: none. */
bool peers_take(struct peers_message *message);
void peers_free(struct peers_message *message);
#endif
