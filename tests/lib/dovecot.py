"""A Dovecot of its own (Debian's package), with what a test adds to its configuration."""
import os
import subprocess

from neighbours import Neighbour

BASE = """
base_dir = ROOT/run
state_dir = ROOT/state
log_path = ROOT/log
auth_failure_delay = 0
disable_plaintext_auth = no
ssl = no
default_internal_user = dovecot
default_login_user = dovenull
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
passdb {
  driver = passwd-file
  mechanisms = PASSWORDS
  args = ROOT/users
}
userdb {
  driver = static
  args = uid=OWNER gid=GROUP home=ROOT/mail/%n
}
"""
AUTH = """
service auth {
  unix_listener QUEUE/private/auth {
    mode = 0660
    user = mail
    group = mail
  }
}
"""


def start(instance, users, settings="", mechanisms="plain login", protocols="", owner=("nobody", "nogroup"), ready="private/auth"):
    """users: name -> password. owner: of all mailboxes. QUEUE, ROOT and ETC in the settings stand for our queue, Dovecot's folder
    and our configuration."""
    passwords = " ".join(name for name in mechanisms.split() if name not in ("external", "xoauth2", "oauthbearer"))
    folder = instance.root + "/dovecot"
    if not os.path.exists(folder):
        os.mkdir(folder)
        os.mkdir(folder + "/mail")
        os.chmod(folder + "/mail", 0o777)
    with open(folder + "/log", "a", encoding="ascii"):
        os.chmod(folder + "/log", 0o666)  # dovecot-lda writes to it as the recipient
    with open(folder + "/users", "w", encoding="ascii") as out:
        out.writelines(f"{name}:{{PLAIN}}{password}::::::\n" for name, password in users.items())
    text = f"protocols = {protocols}\nauth_mechanisms = {mechanisms}\n" + BASE + AUTH + settings
    for name, value in (("ROOT", folder), ("QUEUE", instance.queue), ("ETC", instance.etc), ("PASSWORDS", passwords + " none"),
                        ("OWNER", owner[0]), ("GROUP", owner[1])):
        text = text.replace(name, value)
    with open(folder + "/dovecot.conf", "w", encoding="ascii") as out:
        out.write(text)
    return Neighbour(instance.root, "dovecot", "-F", "-c", folder + "/dovecot.conf", ready=f"{instance.queue}/{ready}")


def log(instance):
    with open(instance.root + "/dovecot/log", encoding="utf-8", errors="replace") as handle:
        return handle.read()


def doveadm(instance, *words):
    done = subprocess.run(["doveadm", "-c", instance.root + "/dovecot/dovecot.conf", *words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    return done.stdout
