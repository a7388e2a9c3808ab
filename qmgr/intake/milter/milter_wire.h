/* milter_wire.h: the bytes of the milter protocol, versions 2 to 6 (as libmilter's documents describe them): packets of a length,
 * a command letter and data; negotiation; what a filter answers. Pure: a filter's bytes are taken as hostile. */
#ifndef QMGR_INTAKE_MILTER_MILTER_WIRE_H
#define QMGR_INTAKE_MILTER_MILTER_WIRE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/mail/verdict.h"

enum milter_command {
    MILTER_ABORT = 'A',
    MILTER_BODY = 'B',
    MILTER_CONNECT = 'C',
    MILTER_MACROS = 'D',
    MILTER_END_OF_BODY = 'E',
    MILTER_HELO = 'H',
    MILTER_HEADER = 'L',
    MILTER_MAIL = 'M',
    MILTER_END_OF_HEADER = 'N',
    MILTER_NEGOTIATE = 'O',
    MILTER_QUIT = 'Q',
    MILTER_RCPT = 'R',
    MILTER_DATA = 'T',
    MILTER_UNKNOWN = 'U',
};

/* What a filter may do to a message; agreed on in the negotiation. */
enum {
    MILTER_MAY_ADD_HEADERS = 0x1,
    MILTER_MAY_CHANGE_BODY = 0x2,
    MILTER_MAY_ADD_RECIPIENTS = 0x4,
    MILTER_MAY_DELETE_RECIPIENTS = 0x8,
    MILTER_MAY_CHANGE_HEADERS = 0x10,
    MILTER_MAY_QUARANTINE = 0x20,
    MILTER_MAY_CHANGE_SENDER = 0x40,
    MILTER_MAY_ADD_RECIPIENTS_WITH = 0x80, /* with ESMTP parameters */
    MILTER_MAY_CHOOSE_MACROS = 0x100,
    MILTER_MAY_ALL = 0x1FF,
};

/* What a filter doesn't want to hear (NO), or to answer (MUTE). */
enum {
    MILTER_NO_CONNECT = 0x1,
    MILTER_NO_HELO = 0x2,
    MILTER_NO_MAIL = 0x4,
    MILTER_NO_RCPT = 0x8,
    MILTER_NO_BODY = 0x10,
    MILTER_NO_HEADERS = 0x20,
    MILTER_NO_END_OF_HEADER = 0x40,
    MILTER_MUTE_HEADER = 0x80,
    MILTER_NO_UNKNOWN = 0x100,
    MILTER_NO_DATA = 0x200,
    MILTER_CAN_SKIP = 0x400,
    MILTER_WANTS_REFUSED_RCPT = 0x800,
    MILTER_MUTE_CONNECT = 0x1000,
    MILTER_MUTE_HELO = 0x2000,
    MILTER_MUTE_MAIL = 0x4000,
    MILTER_MUTE_RCPT = 0x8000,
    MILTER_MUTE_DATA = 0x10000,
    MILTER_MUTE_UNKNOWN = 0x20000,
    MILTER_MUTE_END_OF_HEADER = 0x40000,
    MILTER_MUTE_BODY = 0x80000,
    MILTER_KEEPS_BLANK = 0x100000, /* the blank behind a header's colon belongs to its value */
};

/* Stages that have a list of macros, as numbered in the protocol. */
enum milter_stage {
    MILTER_STAGE_CONNECT,
    MILTER_STAGE_HELO,
    MILTER_STAGE_MAIL,
    MILTER_STAGE_RCPT,
    MILTER_STAGE_DATA,
    MILTER_STAGE_END_OF_BODY,
    MILTER_STAGE_END_OF_HEADER,
    MILTER_STAGES_ON_WIRE,
    MILTER_STAGE_UNKNOWN = MILTER_STAGES_ON_WIRE, /* can't be asked for */
    MILTER_STAGES,
};

enum { MILTER_PACKET_BYTES_MAX = 0x3FFFFFFF, MILTER_KEPT_BYTES_MAX = 64 * 1024 * 1024, MILTER_BODY_BYTES = 65535 };

/* "SMFIC_RCPT", for log lines. */
const char *milter_command_name(enum milter_command command);

/* Appends a packet; text items are ended by a zero byte. */
void milter_wire_begin(struct str *out, enum milter_command command, size_t *start);
void milter_wire_text(struct str *out, const char *text);
void milter_wire_number(struct str *out, uint32_t number);
void milter_wire_end(struct str *out, size_t start);

/* The four bytes there, in network order. */
uint32_t milter_wire_get_number(const void *bytes);

/* Which protocol bits a version knows. */
uint32_t milter_wire_protocol_mask(unsigned version);

struct milter_offer {
    uint32_t version;
    uint32_t actions;
    uint32_t protocol;
    const char *macros[MILTER_STAGES]; /* names, blanks between them; NULL: as configured */
};

/* What a filter says in the negotiation. False: it is no such packet's content. */
bool milter_wire_get_offer(const char *bytes, size_t length, struct arena *arena, struct milter_offer *offer);

enum milter_answer_kind {
    MILTER_ANSWER_CONTINUE,
    MILTER_ANSWER_ACCEPT,
    MILTER_ANSWER_REJECT,
    MILTER_ANSWER_TEMPFAIL,
    MILTER_ANSWER_DISCARD,
    MILTER_ANSWER_REPLY,     /* verdict */
    MILTER_ANSWER_SKIP,
    MILTER_ANSWER_PROGRESS,
    MILTER_ANSWER_SHUTDOWN,
    MILTER_ANSWER_ADD_HEADER,
    MILTER_ANSWER_INSERT_HEADER,
    MILTER_ANSWER_CHANGE_HEADER,
    MILTER_ANSWER_ADD_RECIPIENT,
    MILTER_ANSWER_DELETE_RECIPIENT,
    MILTER_ANSWER_CHANGE_SENDER,
    MILTER_ANSWER_REPLACE_BODY,
    MILTER_ANSWER_QUARANTINE,
    MILTER_ANSWER_UNKNOWN,   /* no such letter */
    MILTER_ANSWER_SHORT,     /* it ends before what it should hold */
    MILTER_ANSWER_MALFORMED, /* text: what the reply code was */
};

struct milter_answer {
    enum milter_answer_kind kind;
    struct verdict verdict; /* REPLY; several lines have LF between them */
    uint32_t index;         /* of a header */
    const char *name;       /* of a header; an address; the reason of a quarantine */
    const char *text;       /* value of a header; ESMTP parameters, "" if none */
    const char *bytes;      /* of a body: borrowed from the packet */
    size_t length;
};

/* Texts live in the arena. */
void milter_wire_get_answer(char letter, const char *bytes, size_t length, struct arena *arena, struct milter_answer *answer);
/* Which MILTER_MAY_* a change needs; 0 for what isn't a change. */
uint32_t milter_answer_needs(enum milter_answer_kind kind);
#endif
