/* programs.h: what master knows about programs that master.cf may name and that are no processes here. */
#ifndef MASTER_PROGRAMS_H
#define MASTER_PROGRAMS_H
#include <stdbool.h>

#include "util/config/config.h"

enum program_kind {
    PROGRAM_ORDINARY,
    PROGRAM_INSIDE,  /* its work is done inside other processes, which honour its -o overrides */
    PROGRAM_HELPER,  /* not in this build; nothing is lost while it is idle */
    PROGRAM_MISSING, /* not in this build, and somebody counts on it: said at start */
};

/* Where our programs are: daemon_directory or, if that is where another mail system has its own (a main.cf taken over from
 * there says so), the built-in one. */
const char *programs_directory(const struct config *config);
/* directory: programs_directory; a program that is there is ordinary, except for those inside others. */
enum program_kind programs_kind(const char *directory, const char *program);
/* A further socket in private/ that the program gets behind its own, or NULL. */
const char *programs_extra_socket(const char *program);
#endif
