/* queue_print.h: the forms in which postqueue shows the queue: text like Sendmail's mailq, and JSON lines (postqueue(1)). */
#ifndef QMGR_TOOL_QUEUE_PRINT_H
#define QMGR_TOOL_QUEUE_PRINT_H
#include <stdbool.h>
#include <stdint.h>

struct queue_print {
    bool json;
    bool long_ids;       /* enable_long_queue_ids: wider columns */
    uint64_t size_bytes; /* so far */
    uint64_t count;
    const char *last_why;  /* text: a reason is shown once for the recipients that share it */
    bool has_recipients; /* JSON: a comma is due */
};

/* An entry begins; then its recipients. why: "" when none was deferred. */
void queue_print_entry(struct queue_print *print, const char *queue, const char *queue_id, int64_t arrival_s,
    uint64_t size_bytes, bool forced_expire, const char *sender);
void queue_print_recipient(struct queue_print *print, const char *address, const char *why);
/* After the last recipient of an entry. */
void queue_print_entry_end(struct queue_print *print);
/* After the last entry: totals, or that the queue is empty. */
void queue_print_end(struct queue_print *print);
#endif
