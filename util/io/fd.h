/* fd.h: descriptors: modes, whole reads and writes, and passing them between processes. */
#ifndef UTIL_IO_FD_H
#define UTIL_IO_FD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Of a descriptor that is open; can't fail then. */
void fd_set_nonblocking(int fd, bool on);
void fd_set_close_on_exec(int fd, bool on);
void fd_close(int *fd); /* if it isn't -1; sets it to -1 */

/* All bytes or false with errno; for files and blocking descriptors. */
bool fd_write_all(int fd, const void *bytes, size_t length);
bool fd_pwrite_all(int fd, const void *bytes, size_t length, off_t offset);
/* Reads until length bytes or end of file: the number read, -1 with errno. */
ssize_t fd_pread_all(int fd, void *bytes, size_t length, off_t offset);

/* tcp_windowsize: the buffers of a TCP socket that isn't connected yet, and doesn't listen yet; 0: as the system has them. */
void fd_set_window(int fd, int64_t bytes);

/* After a connect that is under way (EINPROGRESS): waits for its end. False with errno (ETIMEDOUT after the deadline). */
bool fd_finish_connect(int fd, int64_t deadline_ms);

/* Unix sockets. Connects within timeout (ms); -1 with errno. Path length is checked (ENAMETOOLONG). */
int fd_connect_unix(const char *path, int timeout_ms);
/* A non-blocking socket, connected at once or not at all (EAGAIN: a full backlog); -1 with errno. Asks no connector. */
int fd_connect_unix_now(const char *path);
/* What fd_connect_unix tries where this process isn't allowed to go (EACCES): processes of the network user reach private/
 * that way. The one static of fd.c holds it; NULL: nothing. */
void fd_set_connector(int (*connector)(const char *path, int timeout_ms));
/* A listening socket with the given mode; removes a stale one first. -1 with errno. */
int fd_listen_unix(const char *path, mode_t mode, int backlog);
/* Sends bytes with at most one descriptor (-1: none). Like send(2): number of bytes or -1; flags: MSG_DONTWAIT or 0. */
ssize_t fd_send(int socket, const void *bytes, size_t length, int fd, int flags);
/* Receives; *fd is a descriptor that came along (close-on-exec) or -1; surplus ones are closed. */
ssize_t fd_receive(int socket, void *bytes, size_t length, int *fd, int flags);
#endif
