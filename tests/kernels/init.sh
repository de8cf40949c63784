#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# init.sh - /init of the emulated machine, for busybox: records as different users, and leaves what
# came of it in /out/USER. Asserts nothing: that is kernels.py's part.
#
# shellcheck shell=dash

export PATH=/programs:/bin

WAIT_STEPS=1200 # of 0.1 s

mount_all() {
	mount -t proc proc /proc
	mount -t sysfs sys /sys
	mount -t devtmpfs dev /dev
	mount -t tmpfs tmp /tmp
	mount -t tmpfs out /out
}

# Shows all that was said so far; the machine ends without the archive that the host waits for.
give_up() {
	echo "init.sh: waited in vain for $1"
	tail -n 3 /out/*/*.messages /out/*/*.truth
	reboot -f
}

# wait_for FILE TEXT
wait_for() {
	local steps=0
	until grep -qs "$2" "$1"; do
		steps=$((steps + 1))
		[ "$steps" -lt "$WAIT_STEPS" ] || give_up "$2 in $1"
		sleep 0.1
	done
}

# The shell would take its own setpriv, which knows less.
# as USER COMMAND...: run it with root's, with just two capabilities, or without any.
as() {
	local user="$1"
	shift
	case $user in
	root) "$@" ;;
	two) /programs/setpriv --reuid 65534 --regid 65534 --clear-groups \
		--inh-caps=-all,+bpf,+perfmon --ambient-caps=-all,+bpf,+perfmon \
		--bounding-set=-all,+bpf,+perfmon "$@" ;;
	nobody) /programs/setpriv --reuid 65534 --regid 65534 --clear-groups "$@" ;;
	esac
}

# record USER NAME OPTION...: to /out/USER/NAME.vft, with its status and messages beside it.
record() {
	local user="$1" base="/out/$1/$2" status=0
	shift 2
	as "$user" vfork-record -o "$base.vft" "$@" >"$base.messages" 2>&1 || status=$?
	echo "$status" >"$base.status"
}

# check USER: what --check says, and its status.
check() {
	local status=0
	as "$1" vfork-record --check --json >"/out/$1/check.json" 2>"/out/$1/check.messages" ||
		status=$?
	echo "$status" >"/out/$1/check.status"
}

# look USER: why those that are stuck are.
look() {
	as "$1" vfork-record --now --json >"/out/$1/now.json" 2>"/out/$1/now.messages"
}

# A vfork from before the recording that ends in it, twenty of each kind, one that never ends.
record_endings() {
	local user="$1" gate
	gate=/tmp/gate.$user
	export VFT_TRUTH="/out/$user/endings.truth"
	mkfifo "$gate"
	chmod 666 "$gate"
	stuck until_gate "$gate" &
	wait_for "$VFT_TRUTH" '"gated"'
	record "$user" endings -a -- /init endings "$gate"
	look "$user"
	killall -KILL stuck
}

# What record_endings records, as its command.
make_endings() {
	local gate="$1" i=0
	while [ "$i" -lt 20 ]; do
		basic vfork_exec
		basic vfork_exit
		basic vfork_exit_late
		i=$((i + 1))
	done
	echo >"$gate"
	wait_for "$VFT_TRUTH" '"gated".*"status": 0'
	stuck pause &
	wait_for "$VFT_TRUTH" '"stuck"'
	sleep 1
}

# A storm into a tiny ring while the recorder stands still.
record_overflow() {
	local user="$1" gate recorder
	gate=/tmp/overflow.$user
	export VFT_TRUTH="/out/$user/overflow.truth"
	mkfifo "$gate"
	chmod 666 "$gate"
	record "$user" overflow --ring-size 4K -- storm 500 "$gate" &
	wait_for "$VFT_TRUTH" '"ready"'
	recorder=$(pidof vfork-record)
	kill -STOP "$recorder"
	echo >"$gate"
	wait_for "$VFT_TRUTH" '"storm"'
	kill -CONT "$recorder"
	wait
}

# The folder is its user's alone; the truths are written by root and by that user.
make_folder() {
	mkdir "/out/$1"
	touch "/out/$1/endings.truth" "/out/$1/overflow.truth"
	chmod 666 "/out/$1/endings.truth" "/out/$1/overflow.truth"
	[ "$1" = root ] || chown -R 65534:65534 "/out/$1"
}

# Where recording is allowed.
try_users() {
	make_folder root
	check root
	record_endings root
	record_overflow root
	make_folder two
	check two
	record_endings two
	record_overflow two
	make_folder nobody
	check nobody
	record nobody refused -- true
}

# Where lockdown forbids it, without and with the file that says so.
try_lockdown() {
	make_folder root
	record root unmounted -- true
	mount -t securityfs security /sys/kernel/security
	cat /sys/kernel/security/lockdown >/out/lockdown
	record root mounted -- true
	check root
}

send_out() {
	tar -c -f /tmp/out.tar -C /out .
	base64 /tmp/out.tar | sed 's/^/OUT:/'
	sha256sum /tmp/out.tar | sed 's/ .*//; s/^/SHA256:/'
}

if [ "$1" = endings ]; then
	make_endings "$2"
	exit 0
fi
mount_all
uname -r >/out/kernel
case $VFT_MACHINE in
lockdown) try_lockdown ;;
*) try_users ;;
esac
send_out
reboot -f
