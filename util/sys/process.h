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
/* This process is after throughput: waking it up doesn't interrupt whoever runs at that moment, so that many small steps of
 * several processes cost fewer switches between them. What it forks isn't affected; nor is anything if another policy than the
 * usual one was set. Only advice: systems without such a policy (SCHED_BATCH) go on as before. */
void process_yield_when_woken(void);
/* Becomes that user for good, with these groups. False with errno; the process must not go on then. */
bool process_become(uid_t uid, gid_t gid, const gid_t *groups, size_t group_count);
#endif
