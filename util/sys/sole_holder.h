/* sole_holder.h: whether anybody else still has an open file. */
#ifndef UTIL_SYS_SOLE_HOLDER_H
#define UTIL_SYS_SOLE_HOLDER_H
#include <stdbool.h>

/* True: this descriptor, for reading and writing, is the only one by which any process has the file open or mapped. False: it
 * isn't, or that can't be found out (it never can on systems without leases). The process ignores SIGIO from then on. */
bool sole_holder(int fd);
#endif
