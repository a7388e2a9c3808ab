/* child_command.h: runs somebody's program with that user's rights, feeds it, takes what it says, and gives up on it in time. */
#ifndef UTIL_SYS_CHILD_COMMAND_H
#define UTIL_SYS_CHILD_COMMAND_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/base/str.h"

struct child_command {
    char *const *arguments;      /* or NULL: */
    const char *command;         /* a command line: run directly where that does, by /bin/sh where it needs a shell */
    const char *shell;           /* "" or a shell and its options that every command line is given to (local_command_shell) */
    char *const *environment;    /* "name=value"; the whole of it */
    const char *chroot;          /* NULL: none; it needs root */
    const char *directory;       /* "": where this process is */
    uid_t uid;                   /* the child becomes that, for good, with just that group */
    gid_t gid;
    int64_t time_limit_s;
    int64_t file_limit_bytes;    /* of what the program writes; 0: none */
    /* Appends the next block of standard input to *block; nothing: the end. False: it can't be read, the program is killed. */
    bool (*feed)(void *context, struct str *block);
    void *context;
};

enum child_command_end {
    CHILD_COMMAND_ENDED,       /* status says how: see waitpid(2) */
    CHILD_COMMAND_TIMED_OUT,   /* killed */
    CHILD_COMMAND_UNFED,       /* killed: feed failed */
    CHILD_COMMAND_NOT_STARTED, /* errno */
};

/* Exit statuses of a child that didn't get as far as its program; it says why on its standard error. */
enum { CHILD_COMMAND_TEMPORARY = 75 };

/* Runs it. *output gets the first bytes of standard output and standard error, as far as CHILD_COMMAND_OUTPUT_BYTES. program:
 * the name in the child's own messages. */
enum { CHILD_COMMAND_OUTPUT_BYTES = 4096 };
enum child_command_end child_command_run(const struct child_command *command, const char *program, struct str *output, int *status);

/* Whether a command line needs a shell: special characters, or a word of the shell's own. */
bool child_command_needs_shell(const char *command);
#endif
