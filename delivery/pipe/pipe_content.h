/* pipe_content.h: the message as a command gets it: local text, with the lines and changes that the flags ask for. */
#ifndef DELIVERY_PIPE_CONTENT_H
#define DELIVERY_PIPE_CONTENT_H
#include "delivery/pipe/pipe_attributes.h"
#include "qmgr/client/agent.h"

struct pipe_content {
    const struct pipe_attributes *attributes;
    const struct order *order;
    struct message_lines lines;
    bool started;
    bool ended;
    bool line_start;
};

/* attributes and order are borrowed until pipe_content_stop. */
void pipe_content_start(struct pipe_content *content, const struct pipe_attributes *attributes, const struct order *order);
/* Puts the next piece (replacing *block); false at the end, or when the queue file can't be read (pipe_content_failed). */
bool pipe_content_next(struct pipe_content *content, struct str *block);
bool pipe_content_failed(const struct pipe_content *content);
void pipe_content_stop(struct pipe_content *content);

/* Whether the header has a Delivered-To: field with that address already: the mail goes round in circles. */
bool pipe_content_was_delivered_to(const struct order *order, const char *address);
#endif
