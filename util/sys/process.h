/* process.h: what systems do differently about a process's own descriptors, memory and rights. */
#ifndef UTIL_SYS_PROCESS_H
#define UTIL_SYS_PROCESS_H
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Closes every descriptor from first up. */
void process_close_from(int first);
/* From here on no program that this process runs gains rights (setuid bits are without effect). */
bool process_refuse_new_privileges(void);
/* Memory that several processes map: a descriptor of so many zero bytes, without a name; -1 with errno. */
int process_shared_memory(size_t size_bytes);
/* Becomes that user for good, with these groups. False with errno; the process must not go on then. */
bool process_become(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count);
#endif
