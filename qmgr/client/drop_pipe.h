/* drop_pipe.h: a message on its way to postdrop(1), which runs as a child: how whoever has no rights on the queue hands mail in.
 * One message per child. SIGPIPE must be ignored: a child that ends early shows in the outcome. */
#ifndef QMGR_CLIENT_DROP_PIPE_H
#define QMGR_CLIENT_DROP_PIPE_H
#include <stdbool.h>
#include <sys/types.h>

#include "qmgr/client/drop_file.h"

enum { DROP_ID_BYTES = 64 };

struct drop_pipe {
    struct drop_writer writer; /* drop_file_begin(&writer, writer.fd, envelope), then texts */
    pid_t child;
    char id[DROP_ID_BYTES]; /* what postdrop calls the message */
};

enum drop_outcome { DROP_QUEUED, DROP_TOO_BIG, DROP_FAILED };

/* Starts FOLDER/postdrop and waits for its name for the message. False: logged. */
bool drop_pipe_start(struct drop_pipe *drop, const char *folder);
/* The end of the message; returns when it is on disk, or isn't. */
enum drop_outcome drop_pipe_finish(struct drop_pipe *drop);
/* Gives up: postdrop removes what it has. */
void drop_pipe_cancel(struct drop_pipe *drop);
#endif
