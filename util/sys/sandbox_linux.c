/* sandbox_linux.c: seccomp (libseccomp) and Landlock (its system calls: landlock(7)). */
#ifdef __linux__
#include "util/sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "util/base/memory.h"

/* What libc, OpenSSL, Berkeley DB, PCRE2, libevent and the resolver use, and we; by name, since some systems lack some. */
static const char *const allowed[] = {
    /* descriptors and files: which ones is Landlock's and the user's matter */
    "read", "readv", "pread64", "preadv", "write", "writev", "pwrite64", "pwritev", "close", "close_range", "lseek", "_llseek",
    "open", "openat", "openat2", "creat", "stat", "fstat", "lstat", "newfstatat", "fstatat64", "stat64", "fstat64", "lstat64",
    "statx", "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents", "getdents64",
    "getcwd", "chdir", "fchdir", "fcntl", "fcntl64", "flock", "dup", "dup2", "dup3", "pipe", "pipe2", "eventfd", "eventfd2",
    "ftruncate", "ftruncate64", "truncate", "fallocate", "fadvise64", "fadvise64_64", "readahead", "fsync", "fdatasync",
    "sync_file_range", "syncfs", "rename", "renameat", "renameat2", "link", "linkat", "unlink", "unlinkat", "mkdir", "mkdirat",
    "rmdir", "chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat", "utime", "utimes",
    "utimensat", "futimesat", "umask", "sendfile", "sendfile64",
    "splice", "copy_file_range", "ioctl",
    /* network */
    "socketpair", "bind", "connect", "listen", "accept", "accept4", "getsockname", "getpeername", "setsockopt",
    "getsockopt", "shutdown", "sendto", "recvfrom", "sendmsg", "recvmsg", "sendmmsg", "recvmmsg", "send", "recv", "socketcall",
    /* waiting */
    "poll", "ppoll", "select", "pselect6", "_newselect", "epoll_create", "epoll_create1", "epoll_ctl", "epoll_wait",
    "epoll_pwait", "epoll_pwait2", "epoll_ctl_old", "epoll_wait_old", "nanosleep", "clock_nanosleep", "pause", "signalfd",
    "signalfd4", "timerfd_create", "timerfd_settime", "timerfd_gettime", "inotify_init1", "inotify_add_watch", "inotify_rm_watch",
    /* memory */
    "brk", "mmap", "mmap2", "munmap", "mremap", "mprotect", "madvise", "msync", "mincore", "mlock", "munlock", "memfd_create",
    "membarrier", "get_mempolicy",
    /* time, identity, limits: asking only */
    "gettimeofday", "clock_gettime", "clock_gettime64", "clock_getres", "time", "times", "getrusage", "getpid", "getppid",
    "gettid", "getpgrp", "getpgid", "getsid", "getuid", "getuid32", "geteuid", "geteuid32", "getgid", "getgid32", "getegid",
    "getegid32", "getgroups", "getgroups32", "getresuid", "getresgid", "getrlimit", "ugetrlimit", "sysinfo", "uname",
    "getrandom", "getcpu", "sched_getaffinity", "sched_yield", "getpriority", "capget",
    /* signals, threads of libraries, the end */
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait", "sigaltstack",
    "sigreturn", "sigaction", "sigprocmask", "restart_syscall", "futex", "futex_time64", "set_robust_list",
    "get_robust_list", "set_tid_address", "rseq", "arch_prctl", "alarm", "setitimer", "getitimer", "exit", "exit_group",
};

/* Only with this as first argument. Other processes of the same user are others' sessions: no signals, and no limits set for
 * them. */
static const struct {
    const char *name;
    scmp_datum_t first;
} allowed_with[] = {
    { "socket", AF_UNIX }, { "socket", AF_INET }, { "socket", AF_INET6 }, { "socket", AF_NETLINK /* getaddrinfo */ },
    { "prlimit64", 0 /* the process itself */ },
};

static int allow_with_argument(scmp_filter_ctx filter)
{
    int result = 0;

    for (size_t i = 0; result == 0 && i < COUNT_OF(allowed_with); i++) {
        int number = seccomp_syscall_resolve_name(allowed_with[i].name);
        struct scmp_arg_cmp first = { .arg = 0, .op = SCMP_CMP_EQ, .datum_a = allowed_with[i].first };
        if (number != __NR_SCMP_ERROR)
            result = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &first);
        if (result == -EDOM || result == -EINVAL)
            result = 0; /* not on this architecture */
    }
    return result;
}

/* 0 or a negative errno value. */
static int make_filter(scmp_filter_ctx filter)
{
    int result = allow_with_argument(filter);

    for (size_t i = 0; result == 0 && i < COUNT_OF(allowed); i++) {
        int number = seccomp_syscall_resolve_name(allowed[i]);
        if (number != __NR_SCMP_ERROR)
            result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
        if (result == -EDOM || result == -EINVAL)
            result = 0; /* not on this architecture */
    }
    /* A search tree instead of a list: the filter runs at every system call. */
    if (result == 0)
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* then it is slower, not weaker */
    if (result == 0)
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1); /* refusals show in the audit log, where there is one */
    return result;
}

int sandbox_prepare_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int fd = memfd_create("calls", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    bool good = filter != NULL && fd >= 0 && make_filter(filter) == 0 && seccomp_export_bpf(filter, fd) == 0
        && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0;

    if (filter != NULL)
        seccomp_release(filter);
    if (!good && fd >= 0)
        (void)close(fd); /* each process makes its own */
    return good ? fd : -1;
}

static bool limit_by_prepared(int prepared)
{
    struct sock_filter steps[BPF_MAXINSNS];
    ssize_t length = pread(prepared, steps, sizeof(steps), 0);
    struct sock_fprog program = { .len = (unsigned short)(length / (ssize_t)sizeof(*steps)), .filter = steps };

    return length > 0 && (size_t)length % sizeof(*steps) == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
        && syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_LOG, &program) == 0;
}

bool sandbox_limit_calls(int prepared)
{
    if (prepared >= 0 && limit_by_prepared(prepared))
        return true;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int result = filter == NULL ? -ENOMEM : make_filter(filter);
    if (result == 0)
        result = seccomp_load(filter);
    if (filter != NULL)
        seccomp_release(filter);
    errno = -result;
    return result == 0;
}

#define READ_FILE_ACCESS LANDLOCK_ACCESS_FS_READ_FILE
#define READ_ACCESS (READ_FILE_ACCESS | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILE_ACCESS LANDLOCK_ACCESS_FS_WRITE_FILE
#define WRITE_ACCESS                                                                                              \
    (WRITE_FILE_ACCESS | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR \
        | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK)
/* Handled: all of the first version (kernel 5.13), and moving between folders of the second, where it is known. */
#define FIRST_VERSION_ACCESS ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1)
#define MOVE_ACCESS (1ULL << 13)     /* LANDLOCK_ACCESS_FS_REFER */
#define TRUNCATE_ACCESS (1ULL << 14) /* LANDLOCK_ACCESS_FS_TRUNCATE */

static int add_path(int rules, const struct sandbox_path *path, uint64_t handled)
{
    struct landlock_path_beneath_attr rule = { .allowed_access = READ_ACCESS };
    struct stat status;

    if (path->access == SANDBOX_WRITE)
        rule.allowed_access |= WRITE_ACCESS | MOVE_ACCESS | TRUNCATE_ACCESS;
    rule.parent_fd = open(path->path, O_PATH | O_CLOEXEC);
    if (rule.parent_fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES ? 0 : -1;
    if (fstat(rule.parent_fd, &status) == 0 && !S_ISDIR(status.st_mode))
        rule.allowed_access &= READ_FILE_ACCESS | WRITE_FILE_ACCESS | TRUNCATE_ACCESS;
    rule.allowed_access &= handled;
    long result = syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
    (void)close(rule.parent_fd); /* nothing was written */
    return (int)result;
}

bool sandbox_limit_paths(const struct sandbox_path *paths, size_t count)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    uint64_t handled = FIRST_VERSION_ACCESS;

    if (version < 1)
        return true; /* an older kernel, or Landlock is switched off */
    if (version >= 2)
        handled |= MOVE_ACCESS;
    if (version >= 3)
        handled |= TRUNCATE_ACCESS;
    struct landlock_ruleset_attr attributes = { .handled_access_fs = handled };
    /* Only the member of the first version is passed, whatever the header knows. */
    long rules = syscall(SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0);
    if (rules < 0)
        return false;
    bool good = true;
    for (size_t i = 0; good && i < count; i++)
        good = add_path((int)rules, &paths[i], handled) == 0;
    good = good && syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    int saved = errno;
    (void)close((int)rules); /* nothing was written */
    errno = saved;
    return good;
}
#endif
