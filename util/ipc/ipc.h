/* ipc.h: typed messages between our processes over a Unix socket. On the wire: u32 length of what follows, u16 type, then
 * the fields in order (u32 and u64 in host order: both ends are one machine; text and bytes as u32 length and content; a
 * descriptor travels as SCM_RIGHTS). Nothing here trusts the peer: limits are checked, and the first violation ends the
 * connection.
 *
 * A set of messages is declared in a .def file:      MESSAGE(intake_open, FIELD(u32, session) FIELD(str, name))
 * and made known by     #define IPC_DEF "room/thing.def"   +  #include "util/ipc/declare.h"  in a header,
 * and once in a .c file #define IPC_DEF "room/thing.def"   +  #include "util/ipc/define.h".
 * That yields: enum value intake_open_type; struct intake_open; intake_open_send(channel, &message);
 * intake_open_decode(channel, &message); intake_open_print(&str, &message). Types must differ within one connection, so
 * each set has its own base: #define IPC_BASE 100, and a word: #define IPC_SET intake. At most one descriptor per message. */
#ifndef UTIL_IPC_IPC_H
#define UTIL_IPC_IPC_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/str.h"

enum { IPC_MESSAGE_BYTES_MAX = 1 << 20 }; /* one message, header included */

struct ipc_bytes {
    const void *data;
    size_t length;
};

/* How a FIELD looks in the struct. Text is a C string without zero bytes inside (a peer that sends one is cut off), valid
 * until the next message is received. A descriptor belongs to the receiver who decodes the message; sending takes it. */
typedef uint32_t ipc_type_u32;
typedef uint64_t ipc_type_u64;
typedef bool ipc_type_flag;
typedef const char *ipc_type_str;
typedef struct ipc_bytes ipc_type_bytes;
typedef int ipc_type_fd;

struct ipc_channel;

/* Takes the socket, which may be blocking or not. Blocking use: ipc_receive and ipc_flush wait; event-driven use: ipc_feed and
 * ipc_drain don't. */
struct ipc_channel *ipc_open(int socket);
/* The peer may send descriptors. As long as this wasn't called the first one ends the connection: they would fill up the
 * process. */
void ipc_take_descriptors(struct ipc_channel *channel);
void ipc_close(struct ipc_channel *channel); /* NULL is allowed; closes descriptors not yet fetched or sent */
int ipc_fd(const struct ipc_channel *channel);
/* A short word on why the connection ended ("closed", "bad message", "timeout", or an errno text). */
const char *ipc_error(const struct ipc_channel *channel);

/* Blocking: waits for the next whole message until the deadline (clock.h). False: the connection is of no use any more. */
bool ipc_receive(struct ipc_channel *channel, unsigned *type, int64_t deadline_ms);
/* Blocking: sends what was put. The ..._send functions only put; a caller that waits for an answer flushes first. */
bool ipc_flush(struct ipc_channel *channel, int64_t deadline_ms);

/* Event-driven: reads what is there (false: end or error; misbehaviour shows in ipc_failed), then ipc_next as long as it finds
 * a whole message. */
bool ipc_feed(struct ipc_channel *channel);
bool ipc_next(struct ipc_channel *channel, unsigned *type); /* false: none whole, or a bad one: see ipc_failed */
bool ipc_failed(const struct ipc_channel *channel);
/* Event-driven: sends as much as goes; *more tells whether something is left. False: error. */
bool ipc_drain(struct ipc_channel *channel, bool *more);
size_t ipc_output_bytes(const struct ipc_channel *channel); /* put, and not sent yet */

/* Used by the generated code. A message is decoded as a whole: every field present, and nothing after the last. */
void ipc_put_begin(struct ipc_channel *channel, unsigned type);
void ipc_put_end(struct ipc_channel *channel);
void ipc_put_u32(struct ipc_channel *channel, uint32_t value);
void ipc_put_u64(struct ipc_channel *channel, uint64_t value);
void ipc_put_flag(struct ipc_channel *channel, bool value);
void ipc_put_str(struct ipc_channel *channel, const char *value); /* NULL is sent as "" */
void ipc_put_bytes(struct ipc_channel *channel, struct ipc_bytes value);
void ipc_put_fd(struct ipc_channel *channel, int value); /* taken; -1 makes the channel fail */
bool ipc_get_u32(struct ipc_channel *channel, uint32_t *value);
bool ipc_get_u64(struct ipc_channel *channel, uint64_t *value);
bool ipc_get_flag(struct ipc_channel *channel, bool *value);
bool ipc_get_str(struct ipc_channel *channel, const char **value);
bool ipc_get_bytes(struct ipc_channel *channel, struct ipc_bytes *value);
bool ipc_get_fd(struct ipc_channel *channel, int *value);
bool ipc_get_end(struct ipc_channel *channel, bool good);
void ipc_print_u32(struct str *out, const char *name, uint32_t value);
void ipc_print_u64(struct str *out, const char *name, uint64_t value);
void ipc_print_flag(struct str *out, const char *name, bool value);
void ipc_print_str(struct str *out, const char *name, const char *value);
void ipc_print_bytes(struct str *out, const char *name, struct ipc_bytes value);
void ipc_print_fd(struct str *out, const char *name, int value);
#endif
