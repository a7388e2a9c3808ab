/* table_result.h: how a table may be used, and what may come of it: words that table.h and its types share. */
#ifndef UTIL_TABLE_TABLE_RESULT_H
#define UTIL_TABLE_TABLE_RESULT_H

enum table_result { TABLE_FOUND, TABLE_ABSENT, TABLE_FAILED };

enum table_put_result { TABLE_PUT_DONE, TABLE_PUT_DUPLICATE, TABLE_PUT_FAILED };

/* How it is opened. */
enum {
    TABLE_FOLD = 1,          /* keys are folded to lower case (not for regexp and pcre, which say it themselves) */
    TABLE_NO_SUBSTITUTION = 2, /* $1 in a regexp or pcre result would take in data from outside: refuse */
    TABLE_UTF8 = 4,          /* smtputf8: keys and values must be UTF-8 and keys are folded as such; without effect unless
                              * smtputf8_enable = yes */
    TABLE_SUBSTRING_KEYS = 8, /* keys will be parts of addresses: regexp-like tables are asked only for whole ones by the caller */
    TABLE_WRITE = 16,        /* table_put, table_remove will be used; the file must exist unless TABLE_CREATE */
    TABLE_CREATE = 32,       /* with TABLE_WRITE: makes the file (mode 0644 less umask) if there is none */
    TABLE_EMPTY = 64,        /* with TABLE_WRITE and TABLE_CREATE: starts empty, under one exclusive lock until table_close */
    TABLE_FILE_VALUES = 128, /* values name files (tls_server_sni_maps, postmap -F): their content is the result */
    TABLE_QUIET = 256,       /* an unavailable table isn't logged: the caller asks table_why_unavailable */
    TABLE_EMPTY_VALUES = 16384, /* for maps.h: an empty value is a value, too */
    TABLE_REPLACE = 4096,    /* texthash: of two entries with the same key the last counts, silently; else the first, with a */
    TABLE_NO_DUPLICATE_WARNING = 8192, /* warning unless this is given */
    TABLE_PROXY = 2048,      /* proxy: in front means the service in any case (postmap) */
    TABLE_KEYS_WITH_NUL = 512,    /* Berkeley DB: keys and values end in a zero byte; without this or the next both forms are */
    TABLE_KEYS_WITHOUT_NUL = 1024, /* looked up, and the first is written */
};
#endif
