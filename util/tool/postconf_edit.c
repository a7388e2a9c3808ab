#include "util/tool/postconf_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/base/text.h"
#include "util/config/main_cf.h"
#include "util/log/log.h"

void postconf_edit_check_text(const char *text)
{
    if (strchr(text, '\n') != NULL)
        log_fatal("-e, -X, or -# accepts no multi-line input");
    while (text_is_space(*text))
        text++;
    if (*text == '#')
        log_fatal("-e, -X, or -# accepts no comment input");
}

bool postconf_edit_next_line(const char **cursor, const char *end, const char **line, size_t *length)
{
    if (*cursor == end)
        return false;
    const char *newline = memchr(*cursor, '\n', (size_t)(end - *cursor));
    *line = *cursor;
    *cursor = newline != NULL ? newline + 1 : end;
    *length = (size_t)(*cursor - *line);
    return true;
}

enum postconf_line postconf_edit_line_kind(const char *line, size_t length)
{
    size_t at = 0;

    while (at < length && text_is_space(line[at]))
        at++;
    if (at == length || line[at] == '#')
        return POSTCONF_LINE_COMMENT;
    return at > 0 ? POSTCONF_LINE_CONTINUES : POSTCONF_LINE_STARTS;
}

void postconf_edit_put_line(struct str *out, const char *prefix, const char *line, size_t length)
{
    str_put(out, prefix);
    str_put_bytes(out, line, length);
    if (length == 0 || line[length - 1] != '\n')
        str_put_char(out, '\n');
}

static void write_all(int fd, const char *file, const struct str *content)
{
    size_t done = 0;

    while (done < content->length) {
        ssize_t written = write(fd, content->data + done, content->length - done);
        if (written < 0 && errno != EINTR)
            log_fatal("write %s: %m", file);
        if (written > 0)
            done += (size_t)written;
    }
}

static void put_folder(const char *file, struct str *folder)
{
    const char *slash = strrchr(file, '/');

    str_put_bytes(folder, file, slash != NULL ? (size_t)(slash - file) : 0);
    if (folder->length == 0)
        str_put(folder, slash != NULL ? "/" : ".");
}

/* The name must survive a power cut, too. */
static void sync_folder(const char *file)
{
    struct str folder = { 0 };

    put_folder(file, &folder);
    int fd = open(str_text(&folder), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd); /* some file systems can't; the content is safe in any case */
        (void)close(fd);
    }
    str_free(&folder);
}

void postconf_edit_check_folder(const char *file)
{
    struct str folder = { 0 };

    put_folder(file, &folder);
    if (access(str_text(&folder), W_OK) != 0)
        log_fatal("open %s.tmp: %m", file);
    str_free(&folder);
}

/* Opens FILE.tmp alone: two edits at once must not mix. */
static int open_new(const char *new_file)
{
    for (;;) {
        struct stat opened;
        struct stat named;
        int fd = open(new_file, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
            log_fatal("open %s: %m", new_file);
        if (flock(fd, LOCK_EX) != 0 || fstat(fd, &opened) != 0)
            log_fatal("lock %s: %m", new_file);
        if (stat(new_file, &named) == 0 && named.st_ino == opened.st_ino && named.st_dev == opened.st_dev)
            return fd;
        (void)close(fd); /* somebody renamed it meanwhile */
    }
}

void postconf_edit_replace(const char *file, const struct str *content)
{
    struct str new_file = { 0 };
    struct stat old;

    str_printf(&new_file, "%s.tmp", file);
    if (stat(file, &old) != 0)
        log_fatal("open %s for reading: %m", file);
    int fd = open_new(str_text(&new_file));
    if (ftruncate(fd, 0) != 0)
        log_fatal("write %s: %m", str_text(&new_file));
    write_all(fd, str_text(&new_file), content);
    /* Owner first: changing it takes bits from the mode. */
    if (geteuid() == 0 && fchown(fd, old.st_uid, old.st_gid) != 0)
        log_fatal("set owner of %s: %m", str_text(&new_file));
    if (fchmod(fd, old.st_mode & 07777) != 0 || fsync(fd) != 0)
        log_fatal("write %s: %m", str_text(&new_file));
    if (rename(str_text(&new_file), file) != 0)
        log_fatal("rename %s to %s: %m", str_text(&new_file), file);
    if (close(fd) != 0)
        log_fatal("close %s: %m", file);
    sync_folder(file);
    str_free(&new_file);
}

/* A change of main.cf that was asked for. */
struct change {
    const char *name;
    const char *value;
    int found; /* so many times in the file */
};

static struct change *parse_changes(struct postconf *postconf, char action)
{
    struct change *changes = arena_allocate(postconf->arena, (postconf->name_count + 1) * sizeof(*changes));

    for (size_t i = 0; i < postconf->name_count; i++) {
        const char *text = postconf->names[i];
        char *name = arena_copy_text(postconf->arena, text);
        char *value = NULL;
        postconf_edit_check_text(text);
        if (action == 'e') {
            const char *problem = main_cf_split(arena_copy_text(postconf->arena, text), &name, &value);
            if (problem != NULL)
                log_fatal("%s: \"%s\"", problem, text + strspn(text, " \t\r\n"));
        } else {
            if (strchr(name, '=') != NULL)
                log_fatal("-X or -# requires names without value");
            while (text_is_space(*name))
                name++;
            if (*name == '\0')
                log_fatal("-X or -# requires non-blank parameter names");
        }
        changes[i] = (struct change){ name, value, 0 };
        for (size_t j = 0; action == 'e' && j < i; j++) {
            if (changes[j].name != NULL && text_equal(changes[j].name, name)) {
                log_warning("ignoring earlier request: '%s = %s'", name, changes[j].value);
                changes[j].name = NULL;
            }
        }
    }
    return changes;
}

static struct change *find_change(struct change *changes, size_t count, const char *line, size_t length)
{
    size_t name = 0;

    while (name < length && line[name] != '=' && !text_is_space(line[name]))
        name++;
    for (size_t i = 0; i < count; i++) {
        if (changes[i].name != NULL && strlen(changes[i].name) == name && memcmp(changes[i].name, line, name) == 0)
            return &changes[i];
    }
    return NULL;
}

static void put_change(struct str *out, const struct change *change)
{
    str_printf(out, "%s = %s\n", change->name, change->value);
}

static void note_change(const struct postconf *postconf, struct change *change)
{
    if (++change->found == 2)
        log_warning("%s: multiple entries for \"%s\"", postconf->main_cf, change->name);
}

void postconf_edit_main_cf(struct postconf *postconf, char action)
{
    struct change *changes = parse_changes(postconf, action);
    struct change *change = NULL;
    struct str text = { 0 };
    struct str out = { 0 };
    struct str why = { 0 };
    const char *line;
    size_t length;

    postconf_edit_check_folder(postconf->main_cf);
    if (!main_cf_load(postconf->main_cf, &text, &why))
        log_fatal("%s", str_text(&why));
    const char *cursor = str_text(&text);
    while (postconf_edit_next_line(&cursor, str_text(&text) + text.length, &line, &length)) {
        enum postconf_line kind = postconf_edit_line_kind(line, length);
        if (kind == POSTCONF_LINE_STARTS) {
            change = find_change(changes, postconf->name_count, line, length);
            if (change != NULL)
                note_change(postconf, change);
            if (change != NULL && action == 'e')
                put_change(&out, change);
        }
        if (kind == POSTCONF_LINE_COMMENT || change == NULL)
            postconf_edit_put_line(&out, "", line, length);
        else if (action == '#')
            postconf_edit_put_line(&out, "#", line, length);
    }
    for (size_t i = 0; action == 'e' && i < postconf->name_count; i++) {
        if (changes[i].name != NULL && changes[i].found == 0)
            put_change(&out, &changes[i]);
    }
    postconf_edit_replace(postconf->main_cf, &out);
    str_free(&text);
    str_free(&out);
    str_free(&why);
}
