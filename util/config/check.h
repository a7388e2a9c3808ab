/* check.h: what an administrator should know about main.cf and master.cf: names that nobody knows (with the nearest known
 * one), references to nothing, known parameters that have no effect here. For "posthaste check", master's start and postconf. */
#ifndef UTIL_CONFIG_CHECK_H
#define UTIL_CONFIG_CHECK_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/arena.h"
#include "util/config/config.h"
#include "util/config/config_dictionary.h"
#include "util/config/master_cf.h"

enum check_kind {
    CHECK_UNKNOWN,   /* set, but nobody knows it and no value refers to it */
    CHECK_UNDEFINED, /* a value refers to it, but it is set nowhere */
    CHECK_MALFORMED, /* the value can't be expanded: see reason */
    CHECK_BAD_VALUE, /* not what the parameter takes, and a program of master.cf reads it: see reason */
    CHECK_LATER,     /* set and known, but what it is for isn't built yet */
    CHECK_UNUSED,    /* set and known, but without effect here: see reason */
};

struct check_finding {
    enum check_kind kind;
    const struct master_cf_entry *entry; /* an -o of this service of master.cf; NULL: main.cf */
    int line;                            /* in that file; 0: an override of the command line */
    const char *name;
    const char *value;   /* as set; UNDEFINED: NULL */
    const char *nearest; /* UNKNOWN: the known name that is spelled most alike, or NULL */
    const char *reason;  /* UNUSED: why, and what to use instead; MALFORMED, BAD_VALUE: what is wrong */
};

struct check {
    struct arena *arena;
    struct check_finding *findings; /* main.cf's first, then in the order of master.cf */
    size_t count;
    struct check_names *used; /* user-defined names that count */
};

/* master_cf may be NULL. Both stay borrowed while the result is used. */
struct check *check_new(const struct config_dictionary *dictionary, const struct master_cf *master_cf);
void check_free(struct check *check); /* NULL is allowed */
/* Whether a value in main.cf or master.cf (or a list of restriction classes) refers to this name. */
bool check_is_referred_to(const struct check *check, const char *name);

/* Whether <transport>_suffix means something: a service of master.cf delivers mail or runs commands under that name. */
bool check_is_transport_parameter(const struct master_cf *master_cf, const char *name);
/* Which suffixes a program of master.cf has. */
bool check_program_has_suffix(const char *program, const struct parameter *suffix);

/* The declared name that differs least from this one; NULL if none is near. */
const char *check_nearest(const char *name);

/* Whether nothing can run with it: a value that its programs would refuse. */
bool check_is_fatal(const struct check_finding *finding);
/* One line for people: "main.cf, line 7: unknown parameter smtpd_baner (did you mean smtpd_banner?)". From arena. */
const char *check_describe(const struct check_finding *finding, struct arena *arena);
#endif
