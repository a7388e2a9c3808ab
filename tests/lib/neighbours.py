"""Other people's programs beside Posthaste: a network, a /run and process numbers of the test's own, so that they may have their
usual ports and none outlives the test; a file with what each said; and one reason to skip."""
import os
import shutil
import socket
import subprocess
import sys
import time

from instance import eventually

MARK = "POSTHASTE_NEIGHBOURS"
PRIVATE = """
ip link set lo up
mount -t tmpfs -o mode=755 none /run
mount -t tmpfs -o mode=1777 none /run/lock 2>/dev/null
"$0" "$@"
exit $?
"""


def isolate():
    """Starts the test anew inside, where that is possible. Call it before anything else."""
    if MARK in os.environ or os.geteuid() != 0:
        return
    options = ["unshare", "-n", "-m", "-p", "-f", "--kill-child", "--mount-proc"]
    if shutil.which("unshare") and subprocess.run([*options, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0:
        os.environ[MARK] = "1"
        os.execvp("unshare", [*options, "sh", "-c", PRIVATE, sys.executable, *sys.argv])


def can_run(tap, title, package, *programs):
    """Whether this is root, inside (isolate), and has the programs (names, or paths); else says what is missing."""
    if MARK in os.environ and all(shutil.which(name) for name in programs):
        return True
    tap.skip(title, f"needs root, namespaces (util-linux, iproute2) and the package {package}")
    return False


def listens(port, address="127.0.0.1"):
    """Looks without connecting: a visit may count as a client."""
    wanted = f"{int.from_bytes(socket.inet_aton(address), sys.byteorder):08X}:{port:04X}"
    with open("/proc/net/tcp", encoding="ascii") as table:
        return any(line.split()[1] in (wanted,
                                       f"00000000:{port:04X}") and line.split()[3] == "0A" for line in table.readlines()[1:])


def resolve_by(address):
    """Name look-ups of everything that is started from now on go to that address."""
    own = f"/run/resolv.{os.getpid()}"
    with open(own, "w", encoding="ascii") as out:
        out.write(f"nameserver {address}\noptions timeout:1 attempts:1\n")
    subprocess.run(["mount", "--bind", own, "/etc/resolv.conf"], check=True)


def add_users(**ids):
    """Users of that number, each with a group of its own and a home folder in /run/home."""
    os.makedirs("/run/home", exist_ok=True)
    for name, line in (("passwd", "{0}:x:{1}:{1}::/run/home/{0}:/bin/sh\n"), ("group", "{0}:x:{1}:\n")):
        shutil.copy(f"/etc/{name}", f"/run/{name}")
        with open(f"/run/{name}", "a", encoding="ascii") as out:
            out.writelines(line.format(user, number) for user, number in ids.items())
        subprocess.run(["mount", "--bind", f"/run/{name}", f"/etc/{name}"], check=True)
    for user, number in ids.items():
        os.mkdir(f"/run/home/{user}")
        os.chown(f"/run/home/{user}", number, number)


class Neighbour:
    """A program in the foreground. ready: a port, the path of a socket, or a function."""

    def __init__(self, folder, *words, ready, seconds=30, **options):
        self.words, self.ready, self.seconds, self.options = words, ready, seconds, options
        self.output = f"{folder}/{os.path.basename(words[0])}.{time.monotonic_ns()}.out"
        self.process = None
        self.start()

    def start(self):
        with open(self.output, "ab") as out:
            self.process = subprocess.Popen(self.words, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                            **self.options)
        if not eventually(lambda: self.is_ready() or self.process.poll() is not None, self.seconds) or not self.is_ready():
            raise OSError(f"{self.words[0]} doesn't start: {self.text()[-3000:]}")

    def is_ready(self):
        if isinstance(self.ready, int):
            return listens(self.ready)
        return os.path.exists(self.ready) if isinstance(self.ready, str) else self.ready()

    def text(self):
        with open(self.output, encoding="utf-8", errors="replace") as handle:
            return handle.read()

    def kill(self):
        """For those that take their time to stop."""
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def make_certificate(folder, name, issuer=None, days=60):
    """NAME.pem (key, then certificate), NAME.key and NAME.crt in the folder, for that name; signed by itself or by an issuer."""
    path = f"{folder}/{name}"
    signed = ["-CA", f"{folder}/{issuer}.crt", "-CAkey", f"{folder}/{issuer}.key"] if issuer else []
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                    str(days),
                    "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", path + ".key", "-out",
                    path + ".crt",
                    *signed], check=True, capture_output=True)
    with open(path + ".pem", "w", encoding="ascii") as out:
        for part in (".key", ".crt"):
            with open(path + part, encoding="ascii") as handle:
                out.write(handle.read())
    return path + ".pem"


def run(*words, text="", timeout=60, **options):
    """Exit status and everything it said."""
    done = subprocess.run(words, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout,
                          check=False, errors="replace", **options)
    return done.returncode, done.stdout
