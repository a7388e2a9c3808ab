/* table_type.h: what one type of table provides: the interface between table.c and the types' files, also for modules that
 * are loaded at run time (posthaste-TYPE.so exports one struct table_type named table_type_TYPE). */
#ifndef UTIL_TABLE_TABLE_TYPE_H
#define UTIL_TABLE_TABLE_TYPE_H
#include <stdbool.h>
#include <stddef.h>

#include "util/base/str.h"
#include "util/config/config.h"
#include "util/table/table_result.h"

struct table_request {
    const struct config *config; /* NULL: defaults (tests) */
    const char *type;
    const char *name;            /* what stands behind "type:" */
    unsigned flags;              /* TABLE_* */
    struct str *why;             /* empty; filled when opening fails */
};

#define TABLE_TYPE_BUILD (sizeof(struct config) ^ sizeof(struct table_type) << 20)

struct table_type {
    /* Of a module: TABLE_TYPE_BUILD. One from another build sees the configuration's members in other places. */
    size_t build;
    const char *name;
    const char *suffix;  /* of the data file, "" if there is none */
    bool fixed;          /* see table_is_fixed */
    bool may_wait;
    bool can_build;      /* postmap can make one from a source file */
    bool writable;       /* can be opened with TABLE_WRITE at all */
    /* NULL: failed, *request->why says it. The data are passed to all others. */
    void *(*open)(const struct table_request *request);
    void (*close)(void *data);
    enum table_result (*find)(void *data, const char *key, struct str *value);
    /* The following may be NULL: not supported. */
    bool (*has_changed)(void *data);
    enum table_put_result (*put)(void *data, const char *key, const char *value, bool replace, struct str *why);
    enum table_result (*remove)(void *data, const char *key, struct str *why);
    enum table_result (*next)(void *data, bool first, struct str *key, struct str *value);
    bool (*commit)(void *data, struct str *why);
    void (*set_plain)(void *data);       /* keys without a zero byte from now on */
    bool (*is_fixed)(const void *data);  /* where it depends on the name */
    bool (*data_may_wait)(const void *data);
};
#endif
