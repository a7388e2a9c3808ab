#include "util/table/table_db.h"

#include <db.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "util/base/memory.h"
#include "util/base/text.h"
#include "util/log/log.h"

enum {
    FIRST_ELEMENTS = 4096,    /* the size that Postfix tells Berkeley DB to expect */
    FILE_MODE = 0644,
    OLD_AFTER_S = 100,        /* a table that was just made may look older than its source */
    CACHE_READ = 131072,
    CACHE_CREATE = 16777216,
};

struct db_table {
    DB *db;
    DBC *cursor;
    int fd;               /* the database's own descriptor, for locks */
    int lock_fd;          /* TABLE_EMPTY: the old file, locked; -1 */
    char *path;
    char *temporary;      /* TABLE_EMPTY: what will replace path; NULL: written in place */
    bool bulk;            /* one lock for all */
    bool is_dirty;        /* changed since the last commit */
    bool removes_later;   /* an entry under the cursor was removed: the library does it when the cursor leaves it */
    bool with_nul;        /* which forms of keys are tried */
    bool without_nul;
    struct timespec modified;
};

/* "t.db" is given to the library as "./t.db", as its messages then name it in Postfix. */
static char *library_path(const char *path)
{
    struct str text = {0};

    str_printf(&text, "%s%s", strchr(path, '/') == NULL ? "./" : "", path);
    return str_take(&text);
}

static void lock(const struct db_table *table, int operation)
{
    if (table->bulk)
        return;
    while (flock(table->fd, operation) < 0 && errno == EINTR)
        ;
}

/* What the library has to say beside its error number, for whoever runs postmap. The first one only repeats the number. */
static void show_message(const DB_ENV *environment, const char *prefix, const char *message)
{
    if (!text_starts_with(message, "BDB0004 "))
        fprintf(stderr, "%s\n", message);
}

static int open_library(struct db_table *table, const struct table_request *request, DBTYPE type, const char *path,
    u_int32_t flags)
{
    bool writing = (request->flags & TABLE_WRITE) != 0;
    int64_t cache = writing ? CACHE_CREATE : CACHE_READ;

    if (request->config != NULL)
        cache = writing ? request->config->berkeley_db_create_buffer_size : request->config->berkeley_db_read_buffer_size;
    int error = db_create(&table->db, NULL, 0);
    if (error != 0)
        return error;
    table->db->set_errcall(table->db, show_message);
    (void)table->db->set_cachesize(table->db, 0, (u_int32_t)cache, 0); /* a wish */
    if (type == DB_HASH)
        (void)table->db->set_h_nelem(table->db, FIRST_ELEMENTS); /* a wish */
    char *name = library_path(path);
    error = table->db->open(table->db, NULL, name, NULL, type, flags, FILE_MODE);
    free(name);
    if (error == 0)
        error = table->db->fd(table->db, &table->fd);
    return error;
}

/* Pages that fall free are cut off the file at once, which is of no use any more until what leads to them is written. */
static void leave_walk(struct db_table *table)
{
    if (table->cursor == NULL)
        return;
    lock(table, table->removes_later ? LOCK_EX : LOCK_SH);
    (void)table->cursor->close(table->cursor); /* what went wrong shows at the next use */
    lock(table, LOCK_UN);
    table->cursor = NULL;
    table->is_dirty = table->is_dirty || table->removes_later;
    table->removes_later = false;
}

static void db_table_close(void *data)
{
    struct db_table *table = data;

    leave_walk(table);
    if (table->db != NULL) {
        if (table->is_dirty && table->temporary == NULL)
            (void)table->db->sync(table->db, 0); /* closing tells whether that was of no use */
        int error = table->db->close(table->db, table->is_dirty ? 0 : DB_NOSYNC);
        /* In closing, the library opens the file by its name, where a confined process may not go: no loss if all is written. */
        if (error != 0 && table->is_dirty)
            log_warning("close database %s: %s", table->path, db_strerror(error));
    }
    if (table->temporary != NULL)
        (void)unlink(table->temporary); /* it was not committed, or is renamed and so no longer there */
    if (table->lock_fd >= 0)
        (void)close(table->lock_fd); /* held for its lock */
    free(table->temporary);
    free(table->path);
    free(table);
}

static void warn_if_older_than_source(const struct db_table *table, const struct stat *database)
{
    struct stat source;
    char *name = memory_copy_bytes(table->path, strlen(table->path) - strlen(".db"));

    if (stat(name, &source) == 0 && source.st_mtime > database->st_mtime && source.st_mtime < time(NULL) - OLD_AFTER_S)
        log_warning("database %s is older than source file %s", table->path, name);
    free(name);
}

/* Opens what is there, under a lock so that nobody is rewriting it meanwhile. 0 or an error number. */
static int open_existing(struct db_table *table, const struct table_request *request, DBTYPE type)
{
    bool writing = (request->flags & TABLE_WRITE) != 0;
    int fd = open(table->path, (writing ? O_RDWR : O_RDONLY) | O_CLOEXEC);

    if (fd < 0)
        return errno;
    while (flock(fd, writing ? LOCK_EX : LOCK_SH) < 0 && errno == EINTR)
        ;
    int error = open_library(table, request, type, table->path, writing ? 0 : DB_RDONLY);
    struct stat status;
    if (error == 0 && fstat(table->fd, &status) == 0) {
        table->modified = status.st_mtim;
        if (!writing)
            warn_if_older_than_source(table, &status);
    }
    (void)close(fd); /* and with it its lock; lookups lock the library's descriptor */
    return error;
}

/* The existing file, locked and still the one that has the name; -1 with ENOENT if there is none. */
static int lock_existing(const char *path)
{
    for (;;) {
        int fd = open(path, O_RDWR | O_CLOEXEC);
        if (fd < 0)
            return -1;
        while (flock(fd, LOCK_EX) < 0 && errno == EINTR)
            ;
        struct stat opened;
        struct stat named;
        if (fstat(fd, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino
            && opened.st_dev == named.st_dev)
            return fd;
        (void)close(fd); /* replaced while we waited for the lock: once more */
    }
}

/* Whether a new file can take the old one's place without anybody noticing: same owner, mode, no other names. */
static bool can_be_replaced(const char *path, const struct stat *old)
{
    struct stat link;

    return lstat(path, &link) == 0 && S_ISREG(link.st_mode) && old->st_nlink == 1
        && (geteuid() == 0 || (old->st_uid == geteuid() && old->st_gid == getegid()));
}

/* Makes an empty file beside the old one that will replace it. False: write in place. */
static bool make_temporary(struct db_table *table)
{
    struct stat old;
    struct str name = {0};

    if (table->lock_fd >= 0 && (fstat(table->lock_fd, &old) < 0 || !can_be_replaced(table->path, &old)))
        return false;
    str_printf(&name, "%s.%ld", table->path, (long)getpid());
    int fd = open(str_text(&name), O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    bool good = fd >= 0;
    if (good && table->lock_fd >= 0)
        good = fchown(fd, old.st_uid, old.st_gid) == 0 && fchmod(fd, old.st_mode & 07777) == 0;
    if (fd >= 0)
        (void)close(fd); /* still empty */
    if (fd >= 0 && !good)
        (void)unlink(str_text(&name));
    if (good)
        table->temporary = str_take(&name);
    str_free(&name);
    return good;
}

/* What a disk that was full left behind: not even the library takes it for a table. */
static void remove_if_without_content(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0 || status.st_size != 0)
        return;
    log_warning("removing zero-length database file: %s", path);
    if (unlink(path) != 0 && errno != ENOENT)
        log_warning("remove %s: %s", path, strerror(errno));
}

static int open_empty(struct db_table *table, const struct table_request *request, DBTYPE type)
{
    remove_if_without_content(table->path);
    table->bulk = true;
    table->lock_fd = lock_existing(table->path);
    if (table->lock_fd < 0 && errno != ENOENT)
        return errno;
    if (!make_temporary(table) && table->lock_fd < 0)
        return errno;
    const char *path = table->temporary != NULL ? table->temporary : table->path;
    return open_library(table, request, type, path, DB_CREATE | DB_TRUNCATE);
}

static int open_as_asked(struct db_table *table, const struct table_request *request, DBTYPE type)
{
    if (request->flags & TABLE_EMPTY)
        return open_empty(table, request, type);
    int error = open_existing(table, request, type);
    if (error != ENOENT || !(request->flags & TABLE_CREATE))
        return error;
    /* A new one needs no temporary file: nobody has it open. */
    error = open_library(table, request, type, table->path, DB_CREATE);
    struct stat status;
    if (error == 0 && fstat(table->fd, &status) == 0)
        table->modified = status.st_mtim;
    return error;
}

static void *db_table_open(const struct table_request *request, DBTYPE type)
{
    struct db_table *table = memory_new(struct db_table);
    struct str path = {0};

    table->fd = table->lock_fd = -1;
    table->with_nul = !(request->flags & TABLE_KEYS_WITHOUT_NUL) || (request->flags & TABLE_KEYS_WITH_NUL);
    table->without_nul = !(request->flags & TABLE_KEYS_WITH_NUL);
    str_printf(&path, "%s.db", request->name);
    table->path = str_take(&path);
    int error = open_as_asked(table, request, type);
    if (error == 0)
        return table;
    /* One that is there is opened as a file first, before it is emptied: Postfix's words tell the two apart. */
    bool as_file = error != EINVAL && (request->flags & (TABLE_EMPTY | TABLE_CREATE)) != 0 && access(table->path, F_OK) == 0;
    str_printf(request->why, "open %s%s: %s", as_file ? "" : "database ", table->path, db_strerror(error));
    db_table_close(table);
    return NULL;
}

static void *hash_open(const struct table_request *request)
{
    return db_table_open(request, DB_HASH);
}

static void *btree_open(const struct table_request *request)
{
    return db_table_open(request, DB_BTREE);
}

static DBT thing_of(const char *text, bool nul)
{
    return (DBT){ .data = (void *)(uintptr_t)text, .size = (u_int32_t)(strlen(text) + nul) };
}

static void put_thing(const DBT *thing, struct str *out)
{
    const char *bytes = thing->data;
    size_t length = thing->size;

    if (length > 0 && bytes[length - 1] == '\0')
        length--;
    str_clear(out);
    str_put_bytes(out, bytes, length);
}

static enum table_result result_of(int error, struct str *why)
{
    if (error == 0)
        return TABLE_FOUND;
    if (error == DB_NOTFOUND)
        return TABLE_ABSENT;
    str_set(why, db_strerror(error));
    return TABLE_FAILED;
}

/* Applies get or del to the forms of the key that this table may have; the first that succeeds settles which it has. */
static int try_forms(struct db_table *table, const char *key, int (*apply)(DB *, DBT *, DBT *), DBT *value)
{
    int error = DB_NOTFOUND;

    if (table->with_nul) {
        DBT thing = thing_of(key, true);
        error = apply(table->db, &thing, value);
        if (error == 0)
            table->without_nul = false;
    }
    if (error == DB_NOTFOUND && table->without_nul) {
        DBT thing = thing_of(key, false);
        error = apply(table->db, &thing, value);
        if (error == 0)
            table->with_nul = false;
    }
    return error;
}

static int apply_get(DB *db, DBT *key, DBT *value)
{
    return db->get(db, NULL, key, value, 0);
}

static int apply_delete(DB *db, DBT *key, DBT *value)
{
    return db->del(db, NULL, key, 0);
}

static enum table_result db_table_find(void *data, const char *key, struct str *value)
{
    struct db_table *table = data;
    DBT thing = {0};

    lock(table, LOCK_SH);
    int error = try_forms(table, key, apply_get, &thing);
    lock(table, LOCK_UN);
    if (error == 0)
        put_thing(&thing, value);
    return result_of(error, value);
}

static enum table_result db_table_remove(void *data, const char *key, struct str *why)
{
    struct db_table *table = data;

    table->is_dirty = true;
    table->removes_later = table->cursor != NULL;
    lock(table, LOCK_EX);
    int error = try_forms(table, key, apply_delete, NULL);
    lock(table, LOCK_UN);
    return result_of(error, why);
}

static enum table_put_result db_table_put(void *data, const char *key, const char *value, bool replace, struct str *why)
{
    struct db_table *table = data;

    if (table->with_nul)
        table->without_nul = false;
    DBT key_thing = thing_of(key, table->with_nul);
    DBT value_thing = thing_of(value, table->with_nul);
    table->is_dirty = true;
    lock(table, LOCK_EX);
    int error = table->db->put(table->db, NULL, &key_thing, &value_thing, replace ? 0 : DB_NOOVERWRITE);
    lock(table, LOCK_UN);
    if (error == 0)
        return TABLE_PUT_DONE;
    if (error == DB_KEYEXIST)
        return TABLE_PUT_DUPLICATE;
    str_printf(why, "write error: %s", db_strerror(error));
    return TABLE_PUT_FAILED;
}

static enum table_result db_table_next(void *data, bool first, struct str *key, struct str *value)
{
    struct db_table *table = data;
    DBT key_thing = {0};
    DBT value_thing = {0};

    if (table->cursor == NULL) {
        int error = table->db->cursor(table->db, NULL, &table->cursor, 0);
        if (error != 0)
            return result_of(error, value);
    }
    lock(table, table->removes_later ? LOCK_EX : LOCK_SH);
    int error = table->cursor->get(table->cursor, &key_thing, &value_thing, first ? DB_FIRST : DB_NEXT);
    lock(table, LOCK_UN);
    table->is_dirty = table->is_dirty || table->removes_later;
    table->removes_later = false;
    if (error == 0) {
        put_thing(&key_thing, key);
        put_thing(&value_thing, value);
    } else {
        leave_walk(table);
    }
    return result_of(error, value);
}

/* Closes the new file (the library opens it by its name once more while closing) and gives it its name. */
static int replace_old(struct db_table *table)
{
    int error = table->db->close(table->db, 0);

    table->db = NULL;
    if (error != 0)
        return error;
    int fd = open(table->temporary, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0 || rename(table->temporary, table->path) < 0)
        error = errno;
    if (fd >= 0)
        (void)close(fd); /* was only synced */
    return error;
}

static bool db_table_commit(void *data, struct str *why)
{
    struct db_table *table = data;
    int error = 0;

    if (table->temporary != NULL) {
        error = replace_old(table);
    } else if (table->db != NULL) {
        lock(table, LOCK_EX);
        error = table->db->sync(table->db, 0);
        lock(table, LOCK_UN);
        table->is_dirty = table->is_dirty && error != 0;
    }
    if (error == 0) {
        free(table->temporary);
        table->temporary = NULL;
        return true;
    }
    str_printf(why, "write database %s: %s", table->path, db_strerror(error));
    return false;
}

static void db_table_set_plain(void *data)
{
    struct db_table *table = data;

    table->with_nul = false;
    table->without_nul = true;
}

static bool db_table_has_changed(void *data)
{
    const struct db_table *table = data;
    struct stat status;

    return fstat(table->fd, &status) < 0 || status.st_nlink == 0 || status.st_mtim.tv_sec != table->modified.tv_sec
        || status.st_mtim.tv_nsec != table->modified.tv_nsec;
}

const struct table_type table_hash = {
    .name = "hash", .suffix = ".db", .fixed = true, .can_build = true, .writable = true, .open = hash_open,
    .close = db_table_close, .find = db_table_find, .has_changed = db_table_has_changed, .put = db_table_put,
    .remove = db_table_remove, .next = db_table_next, .commit = db_table_commit,
    .set_plain = db_table_set_plain,
};

const struct table_type table_btree = {
    .name = "btree", .suffix = ".db", .fixed = true, .can_build = true, .writable = true, .open = btree_open,
    .close = db_table_close, .find = db_table_find, .has_changed = db_table_has_changed, .put = db_table_put,
    .remove = db_table_remove, .next = db_table_next, .commit = db_table_commit,
    .set_plain = db_table_set_plain,
};
