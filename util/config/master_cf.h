/* master_cf.h: the services of a master.cf, for master and postconf. Syntax: master(5). */
#ifndef UTIL_CONFIG_MASTER_CF_H
#define UTIL_CONFIG_MASTER_CF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/base/arena.h"
#include "util/base/str.h"
#include "util/config/config.h"

enum master_cf_type { MASTER_CF_INET, MASTER_CF_UNIX, MASTER_CF_FIFO, MASTER_CF_UNIX_DGRAM, MASTER_CF_PASS };

/* The columns; all that follows the command belongs to it. */
enum master_cf_field {
    MASTER_CF_SERVICE,
    MASTER_CF_KIND,
    MASTER_CF_PRIVATE,
    MASTER_CF_UNPRIVILEGED,
    MASTER_CF_CHROOT,
    MASTER_CF_WAKEUP,
    MASTER_CF_PROCESS_LIMIT,
    MASTER_CF_COMMAND,
};
#define MASTER_CF_FIELDS 8

struct master_cf_entry {
    const char *fields[MASTER_CF_FIELDS]; /* as written, "-" included; COMMAND: the program alone */
    /* The words after the program, "-o" and "name=value" being two, { } around them removed. NULL behind the last. */
    const char **arguments;
    size_t argument_count;
    size_t option_count; /* so many of them are options of the daemon; the rest is the program's own business */
    int line;            /* where the entry starts */

    enum master_cf_type type;
    bool is_private;
    bool is_unprivileged;
    bool is_chroot;
    int64_t wakeup_s;      /* 0: never */
    bool wakeup_if_used;   /* only when it is really used: the '?' */
    int64_t process_limit; /* 0: no limit; -1: default_process_limit */

    struct config_override *overrides; /* -o, in order: a later one wins */
    size_t override_count;
    int verbosity;       /* how many -v */
    bool debug;          /* -D */
    const char *problem; /* an -o that can't be used: what to say when the service is to start; or NULL */
};

/* Everything is borrowed from the arena inside. */
struct master_cf {
    struct arena *arena;
    struct master_cf_entry *entries; /* in the order of the file; same names are possible here */
    size_t count;
};

/* Called with what is odd but not fatal; NULL if nobody listens. */
typedef void master_cf_warning(void *context, const char *text);

/* file: its name for messages. chroot_default: what '-' means in that column (yes when compatibility_level < 1).
 * False: *why is "file FILE: line N: " and postconf's words. */
bool master_cf_parse(const char *file, const char *text, size_t length, bool chroot_default,
    master_cf_warning *warning, void *context, struct master_cf **master_cf, struct str *why);
/* Such a line as postconf has always printed it: the place only with some of them. Borrowed from why. */
const char *master_cf_reason(const char *why);
/* The same from directory/master.cf. */
bool master_cf_load(const char *directory, bool chroot_default, master_cf_warning *warning, void *context,
    struct master_cf **master_cf, struct str *why);
void master_cf_free(struct master_cf *master_cf); /* NULL is allowed */
/* '-' in the chroot column. */
bool master_cf_chroot_default(const struct config *config);

/* One entry of one line (postconf -Me); borrowed from the arena. Field count errors say only "bad field count". */
bool master_cf_parse_entry(struct arena *arena, const char *line, bool chroot_default, master_cf_warning *warning,
    void *context, struct master_cf_entry *entry, struct str *why);
/* Checks the text of one column and stores what it means. line: for the message. */
bool master_cf_set_field(struct master_cf_entry *entry, enum master_cf_field field, const char *value,
    bool chroot_default, const char *line, struct str *why);

/* NULL: there is none. type "unix"; NULL: any. The last entry wins. */
const struct master_cf_entry *master_cf_find(const struct master_cf *master_cf, const char *service, const char *type);
/* "service", "type", "private", ... as in postconf -F. */
const char *master_cf_field_name(enum master_cf_field field);
#endif
