"""A root folder of its own for a test: the system's programs and libraries, but private users, /etc, /var, /dev, network and
processes, with what "make install" installs in its place. For tests that need the places where a distribution puts things."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET = 0x20000, 0x20000000, 0x40000000
MS_PRIVATE_RECURSIVE, MS_BIND_RECURSIVE = 0x44000, 0x5000
MNT_DETACH = 2
libc = ctypes.CDLL(None, use_errno=True)
PASSWD = """root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
postfix:x:101:101::/var/spool/postfix:/usr/sbin/nologin
posthaste-net:x:102:103::/nonexistent:/usr/sbin/nologin
alice:x:1001:1001:Alice:/home/alice:/bin/sh
bob:x:1002:1002:Bob:/home/bob:/bin/sh
"""
GROUP = """root:x:0:
mail:x:8:
nogroup:x:65534:
postfix:x:101:posthaste-net
postdrop:x:104:
posthaste-net:x:103:
alice:x:1001:
bob:x:1002:
"""


def must(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def bind(source, target):
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    else:
        with open(target, "ab"):
            pass
    must(libc.mount(source.encode(), target.encode(), None, ctypes.c_ulong(MS_BIND_RECURSIVE), None), f"bind {source}")


def write(path, text, mode=0o644):
    with open(path, "w", encoding="utf-8") as handle:
        handle.write(text)
    os.chmod(path, mode)


def fill_usr(root, stage):
    os.makedirs(f"{root}/usr")
    for name in sorted(os.listdir("/usr")):
        if name not in ("sbin", "libexec") and os.path.isdir(f"/usr/{name}"):
            bind(f"/usr/{name}", f"{root}/usr/{name}")
    bind(f"{stage}/usr/sbin", f"{root}/usr/sbin")
    bind(f"{stage}/usr/libexec", f"{root}/usr/libexec")
    for name in ("bin", "lib", "lib32", "lib64", "libx32", "sbin"):
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{root}/{name}")
        elif os.path.isdir(f"/{name}"):
            bind(f"/{name}", f"{root}/{name}")


def fill_etc(root):
    os.makedirs(f"{root}/etc")
    for name in ("services", "protocols", "nsswitch.conf", "ld.so.cache", "localtime", "ssl"):
        if os.path.exists(f"/etc/{name}"):
            bind(f"/etc/{name}", f"{root}/etc/{name}")
    write(f"{root}/etc/passwd", PASSWD)
    write(f"{root}/etc/group", GROUP)
    write(f"{root}/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 stock.example stock\n::1 localhost\n")
    write(f"{root}/etc/resolv.conf", "nameserver 127.0.0.1\n")
    write(f"{root}/etc/mailname", "stock.example\n")


def fill_dev(root):
    os.makedirs(f"{root}/dev/shm")
    os.chmod(f"{root}/dev/shm", 0o1777)
    for name in ("null", "zero", "full", "random", "urandom"):
        bind(f"/dev/{name}", f"{root}/dev/{name}")
    os.symlink("/proc/self/fd", f"{root}/dev/fd")


def read_log(root):
    """Lines that programs write to syslog."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.bind(f"{root}/dev/log")
    os.chmod(f"{root}/dev/log", 0o666)
    lines = []

    def read():
        while True:
            lines.append(sock.recv(8192).decode("utf-8", "replace"))
    threading.Thread(target=read, daemon=True).start()
    return lines


def stage_programs(build, stage):
    subprocess.run(["make", "-s", f"BUILD={build}", f"DESTDIR={stage}", "PREFIX=/usr", "install"], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run(build, test):
    """Calls test(log lines) inside; the process ends with its result as exit status. Needs root. False: not possible here."""
    top = tempfile.mkdtemp(prefix="posthaste-root-")
    os.chmod(top, 0o755)
    stage_programs(build, f"{top}/stage")
    if libc.unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) != 0:
        shutil.rmtree(top, ignore_errors=True)
        return False
    if libc.mount(b"none", b"/", None, ctypes.c_ulong(MS_PRIVATE_RECURSIVE), None) != 0:    # in a chroot
        shutil.rmtree(top, ignore_errors=True)
        return False
    pid = os.fork()
    if pid:
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        libc.umount2(f"{top}/root".encode(), MNT_DETACH)    # no process can be started any more: its namespace has ended
        if not os.listdir(f"{top}/root"):
            shutil.rmtree(top, ignore_errors=True)
        sys.exit(status)
    libc.prctl(1, signal.SIGKILL)
    sys.exit(inside(top, test))


def inside(top, test):
    root = f"{top}/root"
    os.mkdir(root, 0o755)
    must(libc.mount(b"none", root.encode(), b"tmpfs", ctypes.c_ulong(0), b"mode=755"), "mount root")
    fill_usr(root, f"{top}/stage")
    fill_etc(root)
    fill_dev(root)
    for folder in ("proc", "tmp", "root", "home/alice", "home/bob", "var/mail", "var/tmp", "var/spool", "var/lib", "var/log"):
        os.makedirs(f"{root}/{folder}", exist_ok=True)
    for folder, mode in (("tmp", 0o1777), ("var/tmp", 0o1777), ("var/mail", 0o2775)):
        os.chmod(f"{root}/{folder}", mode)
    os.chown(f"{root}/var/mail", 0, 8)
    os.symlink("../mail", f"{root}/var/spool/mail")
    for name, uid in (("alice", 1001), ("bob", 1002)):
        os.chown(f"{root}/home/{name}", uid, uid)
    must(libc.mount(b"proc", f"{root}/proc".encode(), b"proc", ctypes.c_ulong(0), None), "mount proc")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.makedirs(f"{root}/opt/bin")    # /usr/bin is the system's
    for name in ("mailq", "newaliases"):
        os.symlink("/usr/sbin/sendmail", f"{root}/opt/bin/{name}")
    lines = read_log(root)
    os.chroot(root)
    os.chdir("/")
    os.environ["PATH"] = "/opt/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return test(lines)
