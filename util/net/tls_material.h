/* tls_material.h: files of private keys and certificates as they were at one moment, so that what was found good is what is
 * used, and can be kept for later. Secrets: wiped when released. */
#ifndef UTIL_NET_TLS_MATERIAL_H
#define UTIL_NET_TLS_MATERIAL_H
#include <stdbool.h>

#include "util/base/str.h"

enum { TLS_MATERIAL_FILES_MAX = 32, TLS_MATERIAL_FILE_BYTES_MAX = 256 * 1024 };

/* Zeroed: empty. */
struct tls_material {
    struct str packed; /* per file: u32 length, name, u32 length, content */
    bool is_partial;   /* a file couldn't be read */
};

/* Adds the files of a list (blanks and commas between them); those that can't be read are left out. */
void tls_material_read(struct tls_material *material, const char *files);
/* What can be sent or kept: the bytes of packed. False: it isn't such a thing. Replaces *material. */
bool tls_material_unpack(struct tls_material *material, const void *bytes, size_t length);
/* The content of a file, borrowed. False: it isn't in there. */
bool tls_material_find(const struct tls_material *material, const char *file, const char **content, size_t *length);
void tls_material_free(struct tls_material *material); /* wipes */
#endif
