/* client.h: a client that says what the input bytes choose, and holds every reply against the model. It lives on the other side of
 * the server's transport: when the server wants to read it goes on, in the same thread; after STARTTLS in one of its own. */
#ifndef TESTS_FUZZ_SESSION_CLIENT_H
#define TESTS_FUZZ_SESSION_CLIENT_H
#include <stddef.h>
#include <stdint.h>

#include "tests/fuzz/session/model.h"
#include "util/io/stream.h"

/* There is one client at a time. bytes are borrowed. Returns the server's end of the connection, for TLS and for closing. */
int client_start(const struct model_rules *rules, const uint8_t *bytes, size_t length);
/* The server has closed its end: what is still open is a failure. */
void client_stop(void);

extern const struct stream_transport client_transport;
#endif
