/* message.h: a message of the active queue in memory, and its recipients' fates. */
#ifndef QMGR_ACTIVE_MESSAGE_H
#define QMGR_ACTIVE_MESSAGE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "qmgr/active/manager.h"
#include "qmgr/client/envelope.h"
#include "qmgr/client/message_file.h"
#include "qmgr/file/retry.h"
#include "util/base/arena.h"

enum target_state {
    TARGET_WAITING,  /* no verdict in this round yet */
    TARGET_DONE,     /* delivered, or nobody wants to hear of its failure */
    TARGET_FAILED,   /* for good; the sender is to be told */
    TARGET_DEFERRED,
};

/* A recipient (envelope.recipients, same index) and its last verdict; texts live in the message's arena. */
struct target {
    enum target_state state;
    bool marked;             /* the done mark is in the file */
    bool is_part;            /* somebody whom another recipient led to: in memory only */
    uint32_t parent;         /* ... that one's index */
    bool told_by_parts;      /* it waits, or has waited too long, for parts that have reasons of their own */
    bool tried;              /* got a verdict in this round */
    bool notified_elsewhere;
    bool expired;            /* failed because of its age */
    uint32_t turn;           /* counts verdicts of this round: reports and listings tell them in that order; 0: none yet */
    int code;
    const char *status;
    const char *why;
    const char *relay;
    const char *action;
    const char *diagnostic_type;
    const char *diagnostic;
    const char *remote_mta;
    const char *owner;       /* of a list, who is told of the failure instead of the sender; "" or NULL: none */
};

struct message {
    struct manager *manager;
    char *id;
    struct arena *arena;
    struct envelope envelope;
    uint64_t envelope_base;   /* add to recipient.offset for the place in the file */
    bool has_file;            /* file holds the header, and envelope_base is known */
    struct message_file file;
    struct target *targets;
    size_t spare_recipients;  /* room in the two arrays for parts */
    uint32_t turns;           /* verdicts so far */
    const void *attributes;   /* the envelope without recipients, encoded, for orders */
    size_t attributes_length;
    int64_t active_us;
    size_t routes_asked;      /* recipients whose route isn't known yet */
    struct routed *routed;    /* those whose route is, and that aren't scheduled yet (take_up) */
    size_t routed_count;
    size_t deliveries;        /* queued or running */
    size_t delivery_count;    /* made in this round */
    size_t running;           /* ... that an agent has */
    int lock;                 /* of a process that leaves: held on the file as long as the message is ours; else -1 */
    bool released;            /* of a process that leaves: it is the successor's, and nothing is done for it any more */
    bool giving_back;         /* ... will be, when the agents that have something of it are done */
    bool notifying;           /* deliveries are over; notices to the sender are on their way */
    bool force_expired;       /* postsuper -e */
    bool delay_warned;        /* in this round */
    bool ignore_defer_transports; /* taken up because of a flush */
    UT_hash_handle hh;
};

/* From a commit: takes the arena, in which the envelope lives. The file lies in active/. */
struct message *message_new(struct manager *manager, const char *id, struct arena *take_arena,
    const struct envelope *envelope);
/* From a file in active/. NULL: *why says what is wrong with it; "" when the file has vanished. */
struct message *message_load(struct manager *manager, const char *id, const char **why);
void message_free(struct message *message);
/* NULL: not active. */
struct message *message_find(struct manager *manager, const char *id);

/* Opens its file for reading and writing (some file systems grant exclusive locks for nothing else), wherever it is; see
 * below. -1 with errno. */
int message_open_file(const struct message *message);
/* Removes its file, also from where postsuper took it meanwhile (hold; deferred, if it was released again). False with errno. */
bool message_remove_file(const struct message *message);
/* For qsort and the like: recipients by the turn of their verdicts, then as in the envelope. */
void message_sort_by_turn(const struct message *message, uint32_t *indexes, size_t count);
/* Marks done recipients in the file, without syncing. False with errno (ENOENT: somebody removed the message). */
bool message_mark_done(struct message *message);
/* Marks, writes reasons and the next attempt, syncs, and moves it to deferred/. Frees nothing. False: see the log. */
bool message_store_retry(struct message *message, int64_t next_attempt_s, bool delay_warned);
/* Of a process that leaves: the message is its successor's from now on, and goes to that queue; no agent has anything of it. */
void message_release(struct message *message, enum queue queue);
/* Why recipients were deferred the last time. False: the record is damaged (the list is empty then). */
bool message_read_reasons(struct message *message, struct retry *retry);
/* Whether each recipient gets the message from a sender of its own (verp.h). */
bool message_has_verp(const struct message *message);
/* Whether postsuper -e marked the file. */
bool message_is_force_expired(const struct message *message);
#endif
