#include "qmgr/intake/drop.h"

#include <string.h>

#include "qmgr/client/drop_pipe.h"
#include "qmgr/intake/state.h"

_Static_assert(DROP_ID_BYTES <= sizeof(((struct intake_message *)NULL)->queue_id), "its name is the queue id");

bool drop_begin(struct intake_message *message, struct verdict *why)
{
    struct drop_pipe *drop = arena_allocate(message->arena, sizeof(*drop));

    if (!drop_pipe_start(drop, message->intake->config->command_directory)) {
        *why = VERDICT(451, "4.3.0", "Error: queue file write error");
        return false;
    }
    message->drop = drop;
    memcpy(message->queue_id, drop->id, sizeof(drop->id));
    return true;
}

/* The envelope comes first, and is complete when the content begins. */
static struct drop_writer *writer_of(struct intake_message *message)
{
    if (!message->drop_begun)
        drop_file_begin(&message->drop->writer, message->drop->writer.fd, &message->envelope);
    message->drop_begun = true;
    return &message->drop->writer;
}

void drop_text(struct intake_message *message, const char *bytes, size_t length, bool line_end)
{
    struct drop_writer *writer = writer_of(message);

    drop_file_text(writer, bytes, length);
    if (line_end)
        drop_file_text(writer, "\n", 1);
}

void drop_end(struct intake_message *message)
{
    (void)writer_of(message); /* a message may be empty */
    switch (drop_pipe_finish(message->drop)) {
    case DROP_QUEUED:
        break;
    case DROP_TOO_BIG:
        state_fail(message, VERDICT(552, "5.3.4", "Error: message file too big"));
        break;
    case DROP_FAILED:
        state_fail(message, VERDICT(451, "4.3.0", "Error: queue file write error"));
        break;
    }
    message->drop = NULL;
}

void drop_cancel(struct intake_message *message)
{
    if (message->drop != NULL)
        drop_pipe_cancel(message->drop);
    message->drop = NULL;
}
