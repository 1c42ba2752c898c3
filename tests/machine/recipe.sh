#!/bin/sh
# What turns a fresh Debian root (the argument) into the base of every test machine. Run once, as
# mmdebstrap's customize hook; a change here makes a new base.
set -eu
root=$1

echo host >"$root/etc/hostname"
printf '127.0.0.1\tlocalhost\n127.0.1.1\thost\n::1\tlocalhost ip6-localhost\n' >"$root/etc/hosts"

echo 'en_US.UTF-8 UTF-8' >"$root/etc/locale.gen"
chroot "$root" locale-gen
echo 'LANG=C.UTF-8' >"$root/etc/default/locale"

# Nobody maintains a test machine, and its clock and load are the test's.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    systemd-tmpfiles-clean.timer fstrim.timer e2scrub_all.timer man-db.timer
do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# The journal drops nothing, however fast sixty logins at once are told.
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nRateLimitIntervalSec=0\n' >"$root/etc/systemd/journald.conf.d/all.conf"
