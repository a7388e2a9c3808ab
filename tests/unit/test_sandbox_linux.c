#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/base/memory.h"
#include "util/sys/sandbox.h"

enum { WORKS, DENIED, FAILS };

/* What a process that was taken over would try against its parent (in earnest another process of the same user). */
static long signal_process(void) { return syscall(SYS_kill, getppid(), 0); }
static long signal_thread(void) { return syscall(SYS_tgkill, getppid(), getppid(), 0); }
static long signal_any_thread(void) { return syscall(SYS_tkill, getppid(), 0); }
static long trace(void) { return syscall(SYS_ptrace, PTRACE_ATTACH, getppid(), 0, 0); }
static long open_process(void) { return syscall(SYS_pidfd_open, getppid(), 0); }
static long start_program(void) { return syscall(SYS_execve, "/bin/true", NULL, NULL); }
static long start_process(void) { return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); }
static long packet_socket(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static long crypto_socket(void) { return socket(38 /* AF_ALG */, SOCK_SEQPACKET, 0); }
static long change_root(void) { return syscall(SYS_chroot, "/"); }
static long become_user(void) { return syscall(SYS_setuid, 0); }
static long load_filter(void) { return syscall(SYS_bpf, 0, NULL, 0); }
static long many_calls_at_once(void) { return syscall(SYS_io_uring_setup, 1, NULL); }

static long read_memory(void)
{
    char byte;
    struct iovec here = { &byte, 1 };

    return syscall(SYS_process_vm_readv, getppid(), &here, 1, &here, 1, 0);
}

static long limit_other(void)
{
    struct rlimit none = { 0, 0 };

    return prlimit(getppid(), RLIMIT_CORE, &none, NULL);
}

static long ask_own_limit(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_NOFILE, &limit);
}

static long unix_socket(void) { return socket(AF_UNIX, SOCK_STREAM, 0); }
static long network_socket(void) { return socket(AF_INET, SOCK_STREAM, 0); }
static long route_socket(void) { return socket(AF_NETLINK, SOCK_RAW, 0); }

/* In a child with the filter. */
static int outcome(long (*try)(void), int prepared)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        if (!sandbox_limit_calls(prepared))
            _exit(99);
        errno = 0;
        long result = try();
        _exit(result >= 0 ? WORKS : errno == EPERM ? DENIED : FAILS);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_confined_process_reaches_no_other(void **unused)
{
    static const struct {
        const char *name;
        long (*try)(void);
        int wanted;
    } cases[] = {
        { "kill", signal_process, DENIED }, { "tgkill", signal_thread, DENIED }, { "tkill", signal_any_thread, DENIED },
        { "ptrace", trace, DENIED }, { "pidfd_open", open_process, DENIED }, { "process_vm_readv", read_memory, DENIED },
        { "prlimit of another", limit_other, DENIED }, { "execve", start_program, DENIED }, { "clone", start_process, DENIED },
        { "packet socket", packet_socket, DENIED }, { "crypto socket", crypto_socket, DENIED }, { "chroot", change_root, DENIED },
        { "setuid", become_user, DENIED }, { "bpf", load_filter, DENIED }, { "io_uring", many_calls_at_once, DENIED },
        { "own limit", ask_own_limit, WORKS }, { "unix socket", unix_socket, WORKS }, { "network socket", network_socket, WORKS },
        { "netlink socket", route_socket, WORKS },
    };
    int prepared = sandbox_prepare_calls();

    if (prepared < 0) {
        print_message("no system-call filter here\n");
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (outcome(cases[i].try, prepared) != cases[i].wanted)
            fail_msg("%s with the prepared filter", cases[i].name);
        if (outcome(cases[i].try, -1) != cases[i].wanted)
            fail_msg("%s with a filter of its own", cases[i].name);
    }
    (void)close(prepared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_confined_process_reaches_no_other),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
