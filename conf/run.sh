#!/bin/sh
# make run: builds Posthaste and runs it in the foreground with everything of its own below one folder: loopback only, high
# port, Maildir. Ctrl-C ends it.
set -eu
BUILD=${BUILD:-build}
PORT=${PORT:-2525}

# Root's own files are out of reach for the other users that the system runs as; then a place that they can enter serves.
case $BUILD in /*) ;; *) BUILD=$(pwd)/$BUILD ;; esac
run=${RUN:-$BUILD/run}
uid=$(id -u)
owner=$(id -un)
group=$(id -gn)
network=
if [ "$uid" = 0 ]; then
    owner=mail
    group=daemon
    network="network_owner = nobody"
    uid=$(id -u games 2>/dev/null || id -u bin)
    mkdir -p "$run"
    setpriv --reuid="$(id -u mail)" --regid="$(id -g mail)" --clear-groups test -x "$run" || run=/var/tmp/posthaste-run
fi
mkdir -p "$run"
if [ -z "$(find "$run" -prune -type d -user "$(id -un)")" ]; then
    echo "$run belongs to somebody else: set RUN to another folder" >&2
    exit 1
fi
mkdir -p "$run/etc" "$run/mail"
chmod 755 "$run" "$run/etc"
if [ "$(id -u)" = 0 ]; then
    chown "$uid" "$run/mail"
    chmod 700 "$run/mail"
fi
echo "Building ..."
make -s -j"$(getconf _NPROCESSORS_ONLN)" BUILD="$BUILD" all
make -s BUILD="$BUILD" DESTDIR="$run/stage" PREFIX=/usr install >/dev/null

cat >"$run/etc/main.cf" <<END
compatibility_level = 3.6
strict_configuration = yes
queue_directory = $run/queue
data_directory = $run/data
daemon_directory = $run/stage/usr/libexec/posthaste
command_directory = $run/stage/usr/sbin
mail_owner = $owner
$network
setgid_group = $group
maillog_file = /dev/stdout
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = localhost
mydestination =
virtual_mailbox_domains = localhost
virtual_mailbox_maps = hash:$run/etc/mailboxes
virtual_minimum_uid = 1
virtual_mailbox_base = $run/mail
virtual_uid_maps = static:$uid
virtual_gid_maps = static:$(id -g "$(id -un "$uid")")
default_transport = error:this is only a trial: mail goes nowhere but to localhost
alias_maps =
alias_database =
END
sed "s/^smtp  *inet/127.0.0.1:$PORT inet/" conf/master.cf >"$run/etc/master.cf"
echo '@localhost inbox/' >"$run/etc/mailboxes"
"$run/stage/usr/sbin/postmap" -c "$run/etc" "hash:$run/etc/mailboxes"

cat <<END
Posthaste listens on 127.0.0.1 port $PORT. Any address at localhost takes mail:
  echo Hello | $run/stage/usr/sbin/sendmail -C $run/etc you@localhost
or with any mail program that sends by SMTP to that port. The message will lie below
  $run/mail/inbox/new/
The log follows here. Ctrl-C stops it.
END
exec "$run/stage/usr/sbin/posthaste" -c "$run/etc" start-fg
