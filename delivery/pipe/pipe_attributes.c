#include "delivery/pipe/pipe_attributes.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/number.h"
#include "util/base/text.h"
#include "util/log/log.h"

struct parsing {
    struct pipe_attributes *attributes;
    const struct config *config;
    struct arena *arena;
    bool has_user;
};

static const struct {
    char letter;
    unsigned flag;
} flags[] = {
    { 'B', PIPE_FLAG_BLANK },       { 'D', PIPE_FLAG_DELIVERED_TO }, { 'F', PIPE_FLAG_FROM },
    { 'O', PIPE_FLAG_ORIGINAL_TO }, { 'R', PIPE_FLAG_RETURN_PATH },  { 'X', PIPE_FLAG_FINAL },
    { '.', PIPE_FLAG_DOT },         { '>', PIPE_FLAG_QUOTE_FROM },   { 'h', PIPE_FLAG_FOLD_DOMAIN },
    { 'u', PIPE_FLAG_FOLD_USER },   { 'q', PIPE_FLAG_QUOTE },
};

static void take_flags(struct parsing *parsing, const char *value)
{
    for (; *value != '\0'; value++) {
        size_t i = 0;
        while (i < COUNT_OF(flags) && flags[i].letter != *value)
            i++;
        if (i == COUNT_OF(flags))
            log_fatal("get_service_attr: unknown flag: %c", *value);
        parsing->attributes->flags |= flags[i].flag;
    }
}

static void take_user(struct parsing *parsing, const char *value)
{
    struct pipe_attributes *attributes = parsing->attributes;
    const char *colon = strchr(value, ':');
    const char *name = colon == NULL ? value : arena_copy_bytes(parsing->arena, value, (size_t)(colon - value));
    const struct passwd *user = getpwnam(name);

    if (user == NULL)
        log_fatal("get_service_attr: unknown username: %s", name);
    attributes->uid = user->pw_uid;
    attributes->gid = user->pw_gid;
    if (colon != NULL) {
        const struct group *group = getgrnam(colon + 1);
        if (group == NULL)
            log_fatal("get_service_attr: unknown group: %s", colon + 1);
        attributes->gid = group->gr_gid;
    }
    parsing->has_user = true;
}

/* One character of "\n", "\101" ...; *cursor is behind the backslash. */
static char unescape(const char **cursor)
{
    static const char letters[] = "abfnrtv";
    static const char meanings[] = "\a\b\f\n\r\t\v";
    const char *at = *cursor;
    const char *letter = *at == '\0' ? NULL : strchr(letters, *at);
    unsigned value = 0;
    int digits = 0;

    if (letter != NULL) {
        *cursor = at + 1;
        return meanings[letter - letters];
    }
    for (; digits < 3 && at[digits] >= '0' && at[digits] <= '7'; digits++)
        value = value * 8 + (unsigned)(at[digits] - '0');
    if (digits > 0) {
        *cursor = at + digits;
        return (char)value;
    }
    *cursor = *at == '\0' ? at : at + 1;
    return *at == '\0' ? '\\' : *at;
}

static void take_eol(struct parsing *parsing, const char *value)
{
    struct str eol = {0};

    while (*value != '\0') {
        char c = *value++;
        str_put_char(&eol, c == '\\' ? unescape(&value) : c);
    }
    parsing->attributes->eol = arena_copy_text(parsing->arena, str_text(&eol));
    str_free(&eol);
}

static void take_size(struct parsing *parsing, const char *value)
{
    if (!number_parse_u64(value, INT64_MAX, &parsing->attributes->size_limit))
        log_fatal("get_service_attr: bad size= value: \"%s\"", value);
}

static void take_chroot(struct parsing *parsing, const char *value)
{
    parsing->attributes->chroot = value;
}

static void take_directory(struct parsing *parsing, const char *value)
{
    parsing->attributes->directory = value;
}

static void take_null_sender(struct parsing *parsing, const char *value)
{
    parsing->attributes->null_sender = value;
}

static const struct {
    const char *name;
    void (*take)(struct parsing *parsing, const char *value);
} known[] = {
    { "flags=", take_flags },   { "user=", take_user },           { "eol=", take_eol },
    { "size=", take_size },     { "chroot=", take_chroot },       { "directory=", take_directory },
    { "null_sender=", take_null_sender },
};

/* The command: what follows argv=, and all further words. */
static void take_argv(struct parsing *parsing, int argc, char **argv)
{
    struct pipe_attributes *attributes = parsing->attributes;

    attributes->argv = arena_allocate(parsing->arena, ((size_t)argc + 1) * sizeof(char *));
    if (argv[0][strlen("argv=")] != '\0')
        attributes->argv[attributes->argc++] = argv[0] + strlen("argv=");
    for (int i = 1; i < argc; i++)
        attributes->argv[attributes->argc++] = argv[i];
}

static void check(const struct parsing *parsing)
{
    const struct pipe_attributes *attributes = parsing->attributes;
    const struct passwd *owner = getpwnam(parsing->config->mail_owner);

    if (!parsing->has_user)
        log_fatal("missing user= command-line attribute");
    if (attributes->argc == 0)
        log_fatal("missing argv= command-line attribute");
    if (attributes->uid == 0)
        log_fatal("user= command-line attribute specifies root privileges");
    if (owner != NULL && attributes->uid == owner->pw_uid && geteuid() == 0)
        log_fatal("user= command-line attribute specifies mail system owner %s", parsing->config->mail_owner);
    if (attributes->gid == 0)
        log_fatal("user= command-line attribute specifies privileged group id %ld", (long)attributes->gid);
}

void pipe_attributes_parse(struct pipe_attributes *attributes, const struct config *config, int argc, char **argv,
    struct arena *arena)
{
    struct parsing parsing = { .attributes = attributes, .config = config, .arena = arena };

    *attributes = (struct pipe_attributes){
        .directory = config->queue_directory,
        .eol = "\n",
        .null_sender = "MAILER-DAEMON",
    };
    for (int i = 0; i < argc; i++) {
        size_t row = 0;
        if (text_starts_with(argv[i], "argv=")) {
            take_argv(&parsing, argc - i, argv + i);
            break;
        }
        while (row < COUNT_OF(known) && !text_starts_with(argv[i], known[row].name))
            row++;
        if (row == COUNT_OF(known))
            log_fatal("unknown attribute name: %s", argv[i]);
        known[row].take(&parsing, argv[i] + strlen(known[row].name));
    }
    check(&parsing);
}
