"""A Posthaste of its own for a test: private folders, a free port, a log file. Works for root and for ordinary users."""
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

COMMANDS = ["posthaste", "postqueue", "postdrop", "sendmail", "postmap", "postalias", "postlog", "postsuper"]


class Tap:
    """Prints "ok N - text" lines."""

    def __init__(self):
        self.count = self.failures = 0

    def check(self, good, text, *details):
        self.count += 1
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)
        for detail in details if not good else ():
            for line in str(detail).splitlines()[-30:]:
                print("# " + line, flush=True)

    def skip(self, text, why):
        self.count += 1
        print(f"ok {self.count} - {text} # SKIP {why}", flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def eventually(condition, seconds=10):
    end = time.time() + seconds
    while time.time() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    return condition()


MARK = "mark of the test "


class Instance:
    def __init__(self, main_cf="", services=""):
        build = os.path.abspath(os.environ.get("BUILD", "build"))
        self.marks, self.marks_arrive = 0, True
        self.root = tempfile.mkdtemp(prefix="posthaste-test-")
        os.chmod(self.root, 0o755)
        self.is_root = os.geteuid() == 0
        self.port = free_port()
        self.etc, self.queue, self.log = (f"{self.root}/{name}" for name in ("etc", "queue", "log"))
        self.daemons = f"{self.root}/libexec"
        for folder in (self.etc, self.daemons, f"{self.root}/bin"):
            os.mkdir(folder)
        for name in os.listdir(build + "/bin"):
            where = "bin" if name in COMMANDS else "libexec"
            shutil.copy(f"{build}/bin/{name}", f"{self.root}/{where}/{name}")
        if os.path.exists(self.daemons + "/smtp"):
            os.symlink("smtp", self.daemons + "/lmtp")
        users = ["mail_owner = mail", "setgid_group = daemon", "network_owner = nobody"] if self.is_root else []
        self.write("main.cf", "\n".join(users + [
            "compatibility_level = 3.6", f"queue_directory = {self.queue}", f"data_directory = {self.root}/data",
            f"daemon_directory = {self.daemons}", f"command_directory = {self.root}/bin", f"maillog_file = {self.log}",
            f"maillog_file_prefixes = {self.root}", "inet_interfaces = 127.0.0.1", "inet_protocols = ipv4",
            "mynetworks = 127.0.0.0/8", "myhostname = test.example", "alias_maps =", "alias_database =",
            "service_throttle_time = 60s", main_cf, ""]))
        with open("conf/master.cf", encoding="utf-8") as handle:
            master_cf = handle.read().replace("smtp       inet", f"127.0.0.1:{self.port} inet", 1)
        self.write("master.cf", master_cf + services)

    def write(self, name, text):
        with open(f"{self.etc}/{name}", "w", encoding="utf-8") as handle:
            handle.write(text)

    def append(self, name, text):
        with open(f"{self.etc}/{name}", "a", encoding="utf-8") as handle:
            handle.write(text)

    def command(self, *words, timeout=30):
        return subprocess.run([f"{self.root}/bin/posthaste", "-c", self.etc, *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout, text=True, check=False)

    def log_text(self):
        """What has been logged until now, also what postlogd hasn't written yet."""
        self.wait_for_postlogd()
        return "".join(line for line in self.log_file().splitlines(True) if MARK not in line)

    def log_file(self):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as handle:
                return handle.read()
        except FileNotFoundError:
            return ""

    def wait_for_postlogd(self):
        """Its socket keeps the order: once a mark is in the file, so is what was sent before."""
        if not self.marks_arrive:
            return
        self.marks += 1
        mark = f"{MARK}{self.marks}."
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            try:
                sock.settimeout(1)
                sock.sendto(mark.encode(), f"{self.queue}/public/postlog")
            except OSError:    # it doesn't run
                return
        end = time.time() + 2
        while mark not in self.log_file() and time.time() < end:
            time.sleep(0.001)
        self.marks_arrive = time.time() < end

    def connect(self):
        """A session: a socket file after the greeting, and the greeting."""
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        stream = sock.makefile("rw", newline="\r\n", encoding="ascii")
        return stream, stream.readline()

    def master(self):
        try:
            with open(f"{self.queue}/pid/master.pid", encoding="ascii") as handle:
                return int(handle.read())
        except (FileNotFoundError, ValueError):
            return 0

    def processes(self):
        """name -> list of process ids of the workers."""
        found = {}
        parent = self.master()
        for entry in os.listdir("/proc"):
            if not entry.isdigit():
                continue
            try:
                with open(f"/proc/{entry}/stat", encoding="ascii", errors="replace") as handle:
                    fields = handle.read().rpartition(")")[2].split()
                with open(f"/proc/{entry}/cmdline", "rb") as handle:
                    name = handle.read().split(b"\0")[0].decode()
            except OSError:
                continue
            if int(fields[1]) == parent and fields[0] != "Z":
                found.setdefault(os.path.basename(name), []).append(int(entry))
        return found

    def close(self):
        if self.command("status").returncode == 0:
            self.command("stop")
        pid = self.master()
        if pid and os.path.exists(f"/proc/{pid}/cmdline"):
            with open(f"/proc/{pid}/cmdline", "rb") as handle:
                if self.daemons.encode() in handle.read():
                    os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self.root, ignore_errors=True)
