/* pipe_attributes.h: what the end of a master.cf entry says to pipe(8): flags= user= eol= ... argv=command. */
#ifndef DELIVERY_PIPE_ATTRIBUTES_H
#define DELIVERY_PIPE_ATTRIBUTES_H
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/base/arena.h"
#include "util/config/config.h"

enum {
    PIPE_FLAG_BLANK = 1,         /* B: an empty line at the end */
    PIPE_FLAG_DELIVERED_TO = 2,  /* D */
    PIPE_FLAG_FROM = 4,          /* F: a "From sender date" line in front */
    PIPE_FLAG_ORIGINAL_TO = 8,   /* O */
    PIPE_FLAG_RETURN_PATH = 16,  /* R */
    PIPE_FLAG_FINAL = 32,        /* X: delivered, not relayed */
    PIPE_FLAG_DOT = 64,          /* . : dots at the start of a line are doubled */
    PIPE_FLAG_QUOTE_FROM = 128,  /* > : ">" before lines that start with "From " */
    PIPE_FLAG_FOLD_DOMAIN = 256, /* h */
    PIPE_FLAG_FOLD_USER = 512,   /* u */
    PIPE_FLAG_QUOTE = 1024,      /* q: quotes in addresses on the command line */
};

struct pipe_attributes {
    unsigned flags;
    uid_t uid;
    gid_t gid;
    const char *chroot;      /* NULL: none */
    const char *directory;
    const char *eol;
    const char *null_sender;
    uint64_t size_limit;     /* 0: none */
    char **argv;             /* with macros; ends with NULL */
    int argc;
};

/* Ends the process with one line when something is missing or wrong: such a service can't deliver anything. */
void pipe_attributes_parse(struct pipe_attributes *attributes, const struct config *config, int argc, char **argv,
    struct arena *arena);
#endif
