#include "master/programs.h"

#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/str.h"
#include "util/base/text.h"
#include "util/config/parameter.h"

static const struct program {
    const char *name;
    enum program_kind kind;
    const char *extra_socket;
} programs[] = {
    { "cleanup", PROGRAM_INSIDE, NULL },         /* smtpd, pickup, bounce, local: qmgr/intake */
    { "trivial-rewrite", PROGRAM_HELPER, NULL }, /* only for routes by tables that may wait */
    { "scache", PROGRAM_INSIDE, NULL },          /* the pool of smtp processes */
    { "flush", PROGRAM_INSIDE, NULL },           /* qmgr looks through the deferred queue */
    { "proxymap", PROGRAM_HELPER, NULL },
    { "tlsproxy", PROGRAM_HELPER, NULL },
    { "dnsblog", PROGRAM_HELPER, NULL },
    { "postscreen", PROGRAM_MISSING, NULL },
    { "qmgr", PROGRAM_ORDINARY, "intake" },
    { "oqmgr", PROGRAM_ORDINARY, "intake" },
};

static const struct program *find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(programs); i++)
        if (text_equal(programs[i].name, name))
            return &programs[i];
    return NULL;
}

const char *programs_directory(const struct config *config)
{
    struct str path = {0};

    str_printf(&path, "%s/connector", config->daemon_directory); /* nobody else has a program of that name */
    bool ours = access(str_text(&path), X_OK) == 0;
    str_free(&path);
    return ours ? config->daemon_directory : parameter_find("daemon_directory")->value;
}

enum program_kind programs_kind(const char *directory, const char *name)
{
    const struct program *program = find(name);
    struct str path = {0};

    if (program == NULL || program->kind == PROGRAM_ORDINARY || program->kind == PROGRAM_INSIDE)
        return program == NULL ? PROGRAM_ORDINARY : program->kind;
    str_printf(&path, "%s/%s", directory, name);
    bool exists = access(str_text(&path), X_OK) == 0;
    str_free(&path);
    return exists ? PROGRAM_ORDINARY : program->kind;
}

const char *programs_extra_socket(const char *name)
{
    const struct program *program = find(name);

    return program != NULL ? program->extra_socket : NULL;
}
