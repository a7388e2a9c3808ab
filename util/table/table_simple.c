#include "util/table/table_simple.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "util/base/brace.h"
#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/table/file_value.h"

/* What all of these types keep: values that don't change. */
struct simple {
    char **value;
    size_t count;
};

static struct simple *simple_new(void)
{
    return memory_new(struct simple);
}

static void simple_put(struct simple *simple, const char *value)
{
    simple->value = memory_resize(simple->value, simple->count + 1, sizeof(char *));
    simple->value[simple->count++] = memory_copy_text(value);
}

static void simple_close(void *data)
{
    struct simple *simple = data;

    while (simple->count > 0)
        free(simple->value[--simple->count]);
    free(simple->value);
    free(simple);
}

/* A value as the flags say: maybe the content of files. False: *why. */
static bool put_value(struct simple *simple, const struct table_request *request, const char *value)
{
    struct str content = {0};
    bool good = true;

    if (request->flags & TABLE_FILE_VALUES) {
        good = file_value_encode(value, &content, request->why);
        value = str_text(&content);
    }
    if (good)
        simple_put(simple, value);
    str_free(&content);
    return good;
}

static void *static_open(const struct table_request *request)
{
    struct simple *simple = simple_new();
    struct str inner = {0};
    struct str problem = {0};
    bool good = true;

    if (request->name[0] != '{') {
        good = put_value(simple, request, request->name);
    } else if (brace_content(request->name, &inner, &problem)) {
        good = put_value(simple, request, str_text(&inner));
    } else {
        str_printf(request->why, "bad static:name syntax: %s", str_text(&problem));
        good = false;
    }
    str_free(&inner);
    str_free(&problem);
    if (good)
        return simple;
    simple_close(simple);
    return NULL;
}

static enum table_result static_find(void *data, const char *key, struct str *value)
{
    const struct simple *simple = data;

    str_set(value, simple->value[0]);
    return TABLE_FOUND;
}

static void *randmap_open(const struct table_request *request)
{
    struct simple *simple = simple_new();
    struct str inner = {0};
    struct str word = {0};
    struct str problem = {0};
    bool good = brace_content(request->name, &inner, &problem);
    const char *cursor = str_text(&inner);

    while (good && brace_next_word(&cursor, TEXT_LIST_SEPARATORS, &word))
        good = put_value(simple, request, str_text(&word));
    good = good && simple->count > 0;
    if (!good && request->why->length == 0)
        str_printf(request->why, "bad syntax: \"randmap:%s\"; need \"randmap:{value...}\"", request->name);
    str_free(&inner);
    str_free(&word);
    str_free(&problem);
    if (good)
        return simple;
    simple_close(simple);
    return NULL;
}

static enum table_result randmap_find(void *data, const char *key, struct str *value)
{
    const struct simple *simple = data;

    str_set(value, simple->value[arc4random_uniform((uint32_t)simple->count)]);
    return TABLE_FOUND;
}

static void *nothing_open(const struct table_request *request)
{
    return simple_new();
}

static enum table_result fail_find(void *data, const char *key, struct str *value)
{
    str_set(value, "Application error");
    return TABLE_FAILED;
}

static enum table_put_result fail_put(void *data, const char *key, const char *value, bool replace, struct str *why)
{
    str_set(why, "write error: Application error");
    return TABLE_PUT_FAILED;
}

static enum table_result fail_remove(void *data, const char *key, struct str *why)
{
    str_set(why, "delete error: Application error");
    return TABLE_FAILED;
}

static enum table_result fail_next(void *data, bool first, struct str *key, struct str *value)
{
    str_set(value, "sequence error: Application error");
    return TABLE_FAILED;
}

static enum table_result environ_find(void *data, const char *key, struct str *value)
{
    const char *found = getenv(key);

    if (found == NULL)
        return TABLE_ABSENT;
    str_set(value, found);
    return TABLE_FOUND;
}

static enum table_put_result environ_put(void *data, const char *key, const char *value, bool replace, struct str *why)
{
    if (setenv(key, value, replace) == 0)
        return TABLE_PUT_DONE;
    str_printf(why, "setenv: %s", strerror(errno));
    return TABLE_PUT_FAILED;
}

/* The unix: table: value[0] is "passwd.byname" or "group.byname". */
static void *unix_open(const struct table_request *request)
{
    if (!text_equal(request->name, "passwd.byname") && !text_equal(request->name, "group.byname")) {
        str_printf(request->why, "unknown table: unix:%s", request->name);
        return NULL;
    }
    struct simple *simple = simple_new();
    simple_put(simple, request->name);
    return simple;
}

static enum table_result find_user(const char *key, struct str *value)
{
    errno = 0;
    const struct passwd *user = getpwnam(key);

    if (user == NULL && errno != 0 && errno != ENOENT && errno != ESRCH) {
        str_set(value, strerror(errno));
        return TABLE_FAILED;
    }
    if (user == NULL)
        return TABLE_ABSENT;
    str_printf(value, "%s:%s:%ld:%ld:%s:%s:%s", user->pw_name, user->pw_passwd, (long)user->pw_uid, (long)user->pw_gid,
        user->pw_gecos, user->pw_dir, user->pw_shell);
    return TABLE_FOUND;
}

static enum table_result find_group(const char *key, struct str *value)
{
    errno = 0;
    const struct group *group = getgrnam(key);

    if (group == NULL && errno != 0 && errno != ENOENT && errno != ESRCH) {
        str_set(value, strerror(errno));
        return TABLE_FAILED;
    }
    if (group == NULL)
        return TABLE_ABSENT;
    str_printf(value, "%s:%s:%ld:", group->gr_name, group->gr_passwd, (long)group->gr_gid);
    for (char **member = group->gr_mem; *member != NULL; member++)
        str_printf(value, "%s%s", member == group->gr_mem ? "" : ",", *member);
    return TABLE_FOUND;
}

static table_simple_ask_users *ask_users;

void table_simple_ask_users_by(table_simple_ask_users *ask)
{
    ask_users = ask;
}

static enum table_result unix_find(void *data, const char *key, struct str *value)
{
    const struct simple *simple = data;

    if (ask_users != NULL)
        return ask_users(text_starts_with(simple->value[0], "passwd") ? "unix:passwd.byname" : "unix:group.byname", key, value);
    return text_starts_with(simple->value[0], "passwd") ? find_user(key, value) : find_group(key, value);
}

const struct table_type table_static = {
    .name = "static", .suffix = "", .fixed = true, .writable = true, .open = static_open, .close = simple_close,
    .find = static_find,
};

const struct table_type table_fail = {
    .name = "fail", .suffix = "", .can_build = true, .writable = true, .open = nothing_open, .close = simple_close,
    .find = fail_find, .put = fail_put, .remove = fail_remove, .next = fail_next,
};

const struct table_type table_environ = {
    .name = "environ", .suffix = "", .fixed = true, .writable = true, .open = nothing_open, .close = simple_close,
    .find = environ_find, .put = environ_put,
};

const struct table_type table_unix = {
    .name = "unix", .suffix = "", .fixed = true, .open = unix_open, .close = simple_close, .find = unix_find,
};

const struct table_type table_randmap = {
    .name = "randmap", .suffix = "", .open = randmap_open, .close = simple_close, .find = randmap_find,
};
