/* posthaste-lmdb.so: lmdb: tables, NAME.lmdb, as Postfix makes and reads them (lmdb_table(5)): keys and values with a zero byte,
 * no LMDB lock file but fcntl locks on the data file. */
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "util/base/memory.h"
#include "util/table/table_type.h"

enum { FILE_MODE = 0644, GROWTHS = 40 };

struct lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    MDB_txn *bulk;       /* TABLE_EMPTY: everything in one transaction */
    MDB_cursor *cursor;
    char *path;
    bool writing;
    bool with_nul;
    bool without_nul;
};

static const char *error_text(int error)
{
    return error < 0 ? mdb_strerror(error) : strerror(error);
}

static int env_fd(const struct lmdb *lmdb)
{
    mdb_filehandle_t fd = -1;

    (void)mdb_env_get_fd(lmdb->env, &fd); /* fails only without an environment */
    return fd;
}

static void lock(const struct lmdb *lmdb, short type)
{
    struct flock range = { .l_type = type, .l_whence = SEEK_SET };

    while (fcntl(env_fd(lmdb), F_SETLKW, &range) < 0 && errno == EINTR)
        ;
}

static void lmdb_close(void *data)
{
    struct lmdb *lmdb = data;

    if (lmdb->cursor != NULL) {
        MDB_txn *transaction = mdb_cursor_txn(lmdb->cursor);
        mdb_cursor_close(lmdb->cursor);
        mdb_txn_abort(transaction);
    }
    if (lmdb->bulk != NULL)
        mdb_txn_abort(lmdb->bulk);
    if (lmdb->env != NULL)
        mdb_env_close(lmdb->env);
    free(lmdb->path);
    free(lmdb);
}

static int open_env(struct lmdb *lmdb, const struct table_request *request)
{
    struct stat status;
    unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | (lmdb->writing ? 0 : MDB_RDONLY);
    int64_t size = request->config != NULL ? request->config->lmdb_map_size : 16777216;

    bool exists = stat(lmdb->path, &status) == 0;
    if (!exists && !(request->flags & TABLE_CREATE))
        return errno;
    if (exists && status.st_size > size / 2)
        size = 2 * (int64_t)status.st_size;
    int error = mdb_env_create(&lmdb->env);
    if (error == 0)
        error = mdb_env_set_mapsize(lmdb->env, (size_t)size);
    if (error == 0)
        error = mdb_env_open(lmdb->env, lmdb->path, flags, FILE_MODE);

    return error;
}

static int open_dbi(struct lmdb *lmdb)
{
    MDB_txn *transaction;
    int error = mdb_txn_begin(lmdb->env, NULL, lmdb->writing ? 0 : MDB_RDONLY, &transaction);

    if (error != 0)
        return error;
    error = mdb_dbi_open(transaction, NULL, 0, &lmdb->dbi);
    if (error != 0) {
        mdb_txn_abort(transaction);
        return error;
    }
    return mdb_txn_commit(transaction);
}

static int start_empty(struct lmdb *lmdb)
{
    int error = mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->bulk);

    return error == 0 ? mdb_drop(lmdb->bulk, lmdb->dbi, 0) : error;
}

static void *lmdb_open(const struct table_request *request)
{
    struct lmdb *lmdb = memory_new(struct lmdb);
    struct str path = {0};

    lmdb->writing = (request->flags & TABLE_WRITE) != 0;
    lmdb->with_nul = !(request->flags & TABLE_KEYS_WITHOUT_NUL) || (request->flags & TABLE_KEYS_WITH_NUL);
    lmdb->without_nul = !(request->flags & TABLE_KEYS_WITH_NUL);
    str_printf(&path, "%s.lmdb", request->name);
    lmdb->path = str_take(&path);
    int error = open_env(lmdb, request);
    if (error == 0) {
        lock(lmdb, lmdb->writing ? F_WRLCK : F_RDLCK);
        error = open_dbi(lmdb);
        if (error == 0 && (request->flags & TABLE_EMPTY))
            error = start_empty(lmdb); /* the lock stays until the file is closed */
        else
            lock(lmdb, F_UNLCK);
    }
    if (error == 0)
        return lmdb;
    str_printf(request->why, "open database %s: %s", lmdb->path, error_text(error));
    lmdb_close(lmdb);
    return NULL;
}

static MDB_val thing_of(const char *text, bool nul)
{
    return (MDB_val){ .mv_data = (void *)(uintptr_t)text, .mv_size = strlen(text) + nul };
}

static void put_thing(const MDB_val *thing, struct str *out)
{
    const char *bytes = thing->mv_data;
    size_t length = thing->mv_size;

    if (length > 0 && bytes[length - 1] == '\0')
        length--;
    str_clear(out);
    str_put_bytes(out, bytes, length);
}

static enum table_result result_of(int error, struct str *why)
{
    if (error == 0)
        return TABLE_FOUND;
    /* A key that is too long for LMDB can't be in it. */
    if (error == MDB_NOTFOUND || error == MDB_BAD_VALSIZE)
        return TABLE_ABSENT;
    str_set(why, error_text(error));
    return TABLE_FAILED;
}

/* Begins a transaction under a lock; another process may have made the file larger. */
static int begin(struct lmdb *lmdb, short type, MDB_txn **transaction)
{
    lock(lmdb, type);
    unsigned flags = type == F_RDLCK ? MDB_RDONLY : 0;
    int error = mdb_txn_begin(lmdb->env, NULL, flags, transaction);
    if (error == MDB_MAP_RESIZED && mdb_env_set_mapsize(lmdb->env, 0) == 0)
        error = mdb_txn_begin(lmdb->env, NULL, flags, transaction);
    if (error != 0)
        lock(lmdb, F_UNLCK);
    return error;
}

static enum table_result lmdb_find(void *data, const char *key, struct str *value)
{
    struct lmdb *lmdb = data;
    MDB_txn *transaction;
    MDB_val found;
    int error = begin(lmdb, F_RDLCK, &transaction);

    if (error != 0)
        return result_of(error, value);
    error = MDB_NOTFOUND;
    for (int nul = 1; nul >= 0 && error == MDB_NOTFOUND; nul--) {
        if (nul ? !lmdb->with_nul : !lmdb->without_nul)
            continue;
        MDB_val thing = thing_of(key, nul);
        if (thing.mv_size > 0)
            error = mdb_get(transaction, lmdb->dbi, &thing, &found);
    }
    if (error == 0)
        put_thing(&found, value);
    mdb_txn_abort(transaction);
    lock(lmdb, F_UNLCK);
    return result_of(error, value);
}

/* A change in a transaction of its own, or in the one of a table that is being made. A full file is enlarged. */
static int change(struct lmdb *lmdb, int (*apply)(MDB_txn *, struct lmdb *, MDB_val *, MDB_val *, unsigned), MDB_val *key,
    MDB_val *value, unsigned flags)
{
    if (lmdb->bulk != NULL)
        return apply(lmdb->bulk, lmdb, key, value, flags);
    int error = MDB_MAP_FULL;
    for (int i = 0; i < GROWTHS && error == MDB_MAP_FULL; i++) {
        MDB_txn *transaction;
        MDB_envinfo info;
        if (i > 0 && (mdb_env_info(lmdb->env, &info) != 0 || mdb_env_set_mapsize(lmdb->env, info.me_mapsize * 2) != 0))
            return MDB_MAP_FULL;
        error = begin(lmdb, F_WRLCK, &transaction);
        if (error != 0)
            return error;
        error = apply(transaction, lmdb, key, value, flags);
        if (error == 0)
            error = mdb_txn_commit(transaction);
        else
            mdb_txn_abort(transaction);
        lock(lmdb, F_UNLCK);
    }
    return error;
}

static int apply_put(MDB_txn *transaction, struct lmdb *lmdb, MDB_val *key, MDB_val *value, unsigned flags)
{
    return mdb_put(transaction, lmdb->dbi, key, value, flags);
}

static int apply_delete(MDB_txn *transaction, struct lmdb *lmdb, MDB_val *key, MDB_val *value, unsigned flags)
{
    return mdb_del(transaction, lmdb->dbi, key, NULL);
}

/* The table that is being made is full: what it has is committed, the file enlarged, and a new transaction begun. */
static int grow_bulk(struct lmdb *lmdb)
{
    MDB_envinfo info;
    int error = mdb_txn_commit(lmdb->bulk);

    lmdb->bulk = NULL;
    if (error == 0)
        error = mdb_env_info(lmdb->env, &info);
    if (error == 0)
        error = mdb_env_set_mapsize(lmdb->env, info.me_mapsize * 2);
    return error == 0 ? mdb_txn_begin(lmdb->env, NULL, 0, &lmdb->bulk) : error;
}

static enum table_put_result lmdb_put(void *data, const char *key, const char *value, bool replace, struct str *why)
{
    struct lmdb *lmdb = data;
    unsigned flags = replace ? 0 : MDB_NOOVERWRITE;
    MDB_val key_thing = thing_of(key, lmdb->with_nul);
    MDB_val value_thing = thing_of(value, lmdb->with_nul);

    int error = change(lmdb, apply_put, &key_thing, &value_thing, flags);
    if (error == MDB_MAP_FULL && lmdb->bulk != NULL && (error = grow_bulk(lmdb)) == 0)
        error = change(lmdb, apply_put, &key_thing, &value_thing, flags);
    if (error == 0)
        return TABLE_PUT_DONE;
    if (error == MDB_KEYEXIST)
        return TABLE_PUT_DUPLICATE;
    str_printf(why, "write error: %s", error_text(error));
    return TABLE_PUT_FAILED;
}

static enum table_result lmdb_remove(void *data, const char *key, struct str *why)
{
    struct lmdb *lmdb = data;
    int error = MDB_NOTFOUND;

    for (int nul = 1; nul >= 0 && error == MDB_NOTFOUND; nul--) {
        if (nul ? !lmdb->with_nul : !lmdb->without_nul)
            continue;
        MDB_val thing = thing_of(key, nul);
        if (thing.mv_size > 0)
            error = change(lmdb, apply_delete, &thing, NULL, 0);
    }
    return result_of(error, why);
}

static enum table_result lmdb_next(void *data, bool first, struct str *key, struct str *value)
{
    struct lmdb *lmdb = data;
    MDB_val key_thing;
    MDB_val value_thing;

    if (lmdb->cursor == NULL) {
        MDB_txn *transaction;
        int error = begin(lmdb, F_RDLCK, &transaction);
        if (error == 0)
            error = mdb_cursor_open(transaction, lmdb->dbi, &lmdb->cursor);
        if (error != 0)
            return result_of(error, value);
    }
    int error = mdb_cursor_get(lmdb->cursor, &key_thing, &value_thing, first ? MDB_FIRST : MDB_NEXT);
    if (error == 0) {
        put_thing(&key_thing, key);
        put_thing(&value_thing, value);
    }
    return result_of(error, value);
}

static bool lmdb_commit(void *data, struct str *why)
{
    struct lmdb *lmdb = data;

    if (lmdb->bulk == NULL)
        return true; /* each change was committed at once */
    int error = mdb_txn_commit(lmdb->bulk);
    lmdb->bulk = NULL;
    if (error != 0)
        str_printf(why, "write database %s: %s", lmdb->path, error_text(error));
    return error == 0;
}

/* Readers see changes inside the file at once; only a new file of that name needs a new start. */
static bool lmdb_has_changed(void *data)
{
    struct stat status;

    return fstat(env_fd(data), &status) < 0 || status.st_nlink == 0;
}

static void lmdb_set_plain(void *data)
{
    struct lmdb *lmdb = data;

    lmdb->with_nul = false;
    lmdb->without_nul = true;
}

extern const struct table_type table_type_lmdb;
const struct table_type table_type_lmdb = {
    .build = TABLE_TYPE_BUILD, .name = "lmdb", .suffix = ".lmdb", .fixed = true, .can_build = true, .writable = true, .open = lmdb_open,
    .close = lmdb_close, .find = lmdb_find, .has_changed = lmdb_has_changed, .put = lmdb_put, .remove = lmdb_remove,
    .next = lmdb_next, .commit = lmdb_commit, .set_plain = lmdb_set_plain,
};
