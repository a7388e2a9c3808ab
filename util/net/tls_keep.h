/* tls_keep.h: the keys and certificates that were last found good, kept for all processes that master starts: shared memory
 * without a name, which only processes that are still privileged can reach. A worker whose files are broken (a renewal that is
 * half done, a key of another certificate) goes on with these. */
#ifndef UTIL_NET_TLS_KEEP_H
#define UTIL_NET_TLS_KEEP_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/net/tls_material.h"

enum { TLS_KEEP_BYTES = 1 << 20 }; /* what the memory has to have; the oldest go when it is full */

/* fd: the memory; -1: there is none, and nothing is kept. name: the list of the files, as the configuration has it. What another
 * process is about to write, or was when it died, isn't seen. */
void tls_keep_put(int fd, const char *name, const struct tls_material *material);
/* False: none is kept under that name. Replaces *material. */
bool tls_keep_find(int fd, const char *name, struct tls_material *material);
/* Whether interval_s have passed since this was last asked, successfully, about that name (which must be kept). */
bool tls_keep_is_time(int fd, const char *name, int64_t now_s, int64_t interval_s);
#endif
