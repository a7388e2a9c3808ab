/* qmqp_packet.h: what a client of QMQP sends (cr.yp.to/proto/qmqp.html): one netstring that holds netstrings: the message, its
 * sender, its recipients. Every length is checked against what is allowed and against the packet before anything is read. */
#ifndef SUBMISSION_QMQP_PACKET_H
#define SUBMISSION_QMQP_PACKET_H
#include <stdbool.h>
#include <stdint.h>

#include "util/base/str.h"
#include "util/io/stream.h"

enum qmqp_trouble {
    QMQP_FINE,
    QMQP_LOST,     /* the connection broke off */
    QMQP_TIMEOUT,
    QMQP_FORMAT,   /* not a netstring, or one that doesn't fit into the packet */
    QMQP_TOO_LONG, /* more than we take */
};

struct qmqp_packet {
    struct stream *stream; /* borrowed */
    uint64_t left;         /* bytes of the packet that are still to come */
};

/* Reads the packet's own length, which may be limit at most. */
enum qmqp_trouble qmqp_packet_start(struct qmqp_packet *packet, struct stream *stream, uint64_t limit);
/* Reads the next netstring of the packet, of at most limit bytes, replacing *text. */
enum qmqp_trouble qmqp_packet_take(struct qmqp_packet *packet, uint64_t limit, struct str *text);
/* Whether nothing but the comma behind the packet is to come. */
bool qmqp_packet_is_over(const struct qmqp_packet *packet);
enum qmqp_trouble qmqp_packet_end(struct qmqp_packet *packet);

/* "netstring format error", for replies and the log. */
const char *qmqp_packet_reason(enum qmqp_trouble trouble);
#endif
