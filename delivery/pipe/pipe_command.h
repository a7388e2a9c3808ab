/* pipe_command.h: runs a command as another user: content in, output and exit status back, within a time limit. */
#ifndef DELIVERY_PIPE_COMMAND_H
#define DELIVERY_PIPE_COMMAND_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/base/str.h"

struct pipe_command {
    char **argv;
    bool change_user;
    uid_t uid;
    gid_t gid;
    const char *chroot;          /* NULL: none */
    const char *directory;
    const char *environment;     /* export_environment: names, and name=value */
    int64_t time_limit_s;
    /* Puts the next piece of content (replacing *block); false at the end, or when it can't be read. */
    bool (*next)(void *context, struct str *block);
    bool (*failed)(const void *context); /* which of the two: a command must not take half a message for a whole one */
    void *context;
};

enum pipe_command_end {
    PIPE_COMMAND_ENDED,     /* status: see waitpid(2) */
    PIPE_COMMAND_TIMED_OUT, /* it was killed */
    PIPE_COMMAND_NO_CONTENT, /* content failed, the command was killed */
    PIPE_COMMAND_FAILED,    /* it couldn't be started: errno */
};

/* Output (both streams) is appended, so much as is worth keeping; the rest is read and forgotten. */
enum pipe_command_end pipe_command_run(const struct pipe_command *command, struct str *output, int *status);
#endif
