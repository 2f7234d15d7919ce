#!/usr/bin/env bash
# make boot: the wheel as a service of a Debian that boots systemd, in a container of systemd-nspawn, with no network but loopback:
# install, count, reboot, SIGKILL, stop, back up, uninstall, take the data away, install, restore, all counters equal, count on;
# `systemd-analyze verify` and `security` of the installed units. Needs root, mmdebstrap and systemd-nspawn (Debian: systemd-container),
# this machine's apt and pip settings, and some minutes. SUITE names another Debian; PATIENCE=5 gives a busy machine five times as long.
set -euo pipefail
trap 'echo "failed at line $LINENO" >&2' ERR
suite=${SUITE:-bookworm}
root=${BOOT_ROOT:-/var/cache/upskeep-home/boot-$suite}
most_exposed=2.0
patience=${PATIENCE:-1} # times as long as a machine with nothing else to do may take
units=(upskeep.service upskeep-host-agent.service upskeep-backup.service upskeep-backup.timer)
say() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
fail() { say "FAILED: $*"; tail -n 5 "$built/console"; inside 'journalctl --no-pager -n 40' || true; exit 1; }

# --- a machine with Python, the package and nothing else of ours
if [ ! -e "$root/.ready" ]; then
  mkdir -p "$(dirname "$root")" && rm -rf "$root"
  mmdebstrap --quiet --variant=minbase --include=systemd,systemd-sysv,dbus,python3,python3-venv,ca-certificates "$suite" "$root" >/dev/null
  cp -rL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  touch "$root/.ready"
fi
built=$(mktemp -d)
machine=
trap 'rm -rf "$built"; [ -z "$machine" ] || kill "$machine" 2>/dev/null || true' EXIT
.venv/bin/python -m pip wheel --quiet --no-deps -w "$built" .
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/"
rm -rf "$root"/{opt,etc,var/lib,var/backups,var/log}/upskeep "$root"/var/log/journal "$root"/opt/*.whl "$root"/etc/systemd/system/upskeep* \
  "$root"/etc/systemd/system/*.wants/upskeep*
mkdir -p "$root/var/log/journal" && cp "$built"/*.whl "$root/opt/"
env -u PIP_FIND_LINKS HOME=/tmp/newcomer chroot "$root" /bin/bash -euo pipefail -c '
  . /etc/os-release; echo "$PRETTY_NAME, $(python3 --version)"
  python3 -m venv /opt/upskeep/.venv
  /opt/upskeep/.venv/bin/pip install --quiet --disable-pip-version-check "$(ls /opt/upskeep-*.whl)[notify]"
  ln -sf /opt/upskeep/.venv/bin/upskeep /usr/local/bin/upskeep; rm -rf /tmp/newcomer'

# --- how it is booted, and spoken to
leader() { pgrep -P "$machine" 2>/dev/null | head -n 1; }
inside() { # runs a command in it as root
  nsenter --target "$(leader)" --mount --uts --ipc --net --pid --root -- /usr/bin/env -i --chdir=/ HOME=/root LANG=C.UTF-8 \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -euo pipefail -c "$1"
}
until_holds() { # SECONDS WHAT COMMAND…
  local ends=$((SECONDS + $1 * patience)) what=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $ends ] || fail "not within its time: $what"
    sleep 0.5
  done
}
up() { [ -n "$(leader)" ] && inside 'systemctl is-system-running | grep -Eqx "running|degraded"'; }
active() { inside 'systemctl is-active --quiet upskeep'; }
outages() { inside 'upskeep counters --json' | python3 -c '
import json, sys; print(next((each["total"] for each in json.load(sys.stdin) if each["type"] == "AC_POWER_LOSS"), 0))'; }
more_outages_than() { [ "$(outages)" -gt "$1" ]; }
counts() { inside 'upskeep counters --json' | python3 -c '
import json, sys
for each in json.load(sys.stdin):  # but those of starts and stops, of which there is one more after a restore
    if not each["type"].lower().startswith("system"): print(each["type"], each["total"], each["last_time"])'; }
source_is() { inside "sed -i 's/^source:.*/source: $1/' /etc/upskeep/sensor_reader.yaml"; }

boot() { # without a systemd here, it is for us to do what 133 asks for: boot again
  systemd-nspawn --quiet --directory="$root" --boot --private-network --register=no --keep-unit --link-journal=no --machine=upskeep-boot \
    </dev/null >>"$built/console" 2>&1 &
  machine=$!
}
boot
until_holds 120 'the machine is up' up
say 'booted'

# --- install
inside 'upskeep install --host-agent --no-start' | sed -n 1p
inside 'upskeep init --yes --simulate outage --site boot >/dev/null; echo "speed: 30" >>/etc/upskeep/sensor_reader.yaml'
inside 'systemctl start upskeep upskeep-host-agent upskeep-backup.timer; upskeep status' || fail 'the service does not run'
ready=$(inside 'systemctl show -P ActiveEnterTimestampMonotonic upskeep') began=$(inside 'systemctl show -P InactiveExitTimestampMonotonic upskeep')
say "ready $(((ready - began) / 100000 * 100)) ms after its start"
until_holds 120 'outages are counted' more_outages_than 1
before=$(outages); say "outages counted: $before"

# --- reboot, SIGKILL of the runner, a clean stop
inside 'systemctl reboot' || true
code=0; wait "$machine" || code=$?
[ "$code" = 133 ] || fail "no reboot: systemd-nspawn ended with $code"
boot
until_holds 120 'the machine is up again' up
until_holds 120 'the service came up with it' active
until_holds 120 'counts go on after the reboot' more_outages_than "$before"
before=$(outages); say "outages counted after a reboot: $before"
inside 'systemctl kill --signal=KILL --kill-who=main upskeep'
until_holds 60 'systemd starts the runner again' inside '[ "$(systemctl show -P NRestarts upskeep)" -ge 1 ]'
until_holds 60 'the service is up again' active
until_holds 120 'counts go on after SIGKILL' more_outages_than "$before"
before=$(outages); say "outages counted after SIGKILL of the runner: $before"
inside 'systemctl stop upskeep; [ "$(systemctl show -P Result upskeep)" = success ]' || fail 'it does not stop cleanly'

# --- the units
inside "cd /etc/systemd/system; systemd-analyze verify --man=no ${units[*]} 2>&1" | grep -i upskeep && fail 'systemd-analyze verify has something to say'
say 'systemd-analyze verify: clean'
for unit in "${units[@]}"; do
  case $unit in *.service)
    exposed=$(inside "systemd-analyze security --no-pager $unit" | sed -n 's/.*Overall exposure level[^:]*: \([0-9.]*\).*/\1/p')
    say "exposure of $unit: $exposed"
    awk "BEGIN {exit !($exposed <= $most_exposed)}" || fail "more than $most_exposed" ;;
  esac
done

# --- real hardware, as far as a container has any: this machine's vitals alone, so that nothing is counted meanwhile
inside 'cp /etc/upskeep/sensor_reader.yaml /var/tmp/; echo "devices: [{name: host, host: true}]" >>/etc/upskeep/sensor_reader.yaml'
source_is i2c
inside 'systemctl start upskeep'
until_holds 60 'all services are online with real hardware' inside 'systemctl show -P StatusText upskeep | grep -q "are online"'
inside 'upskeep forget ups'
vitals() { inside 'set +o pipefail; timeout '$((20 * patience))' upskeep tail "raw/#" --json | grep -m 1 -q uptime'; }
until_holds 60 'the vitals of this machine are read' vitals

# --- backup, uninstall, data gone, install, restore
backed_up() { # with the counters just before and after it the same
  counts >"$built/before"
  inside 'rm -f /var/backups/upskeep/*; systemctl start upskeep-backup' && counts >"$built/after" && cmp -s "$built/before" "$built/after"
}
until_holds 60 'a backup while nothing is counted' backed_up
[ -s "$built/before" ] || fail 'no counters'
inside 'upskeep backup --verify "$(ls /var/backups/upskeep/*)"'
inside 'upskeep uninstall; ! systemctl cat upskeep 2>/dev/null; rm -rf /var/lib/upskeep' | sed -n 1p
inside 'upskeep install --host-agent --no-start; runuser -u upskeep -- upskeep restore "$(ls /var/backups/upskeep/*)" --data /var/lib/upskeep
  systemctl start upskeep'
until_holds 60 'all services are online again' inside 'systemctl show -P StatusText upskeep | grep -q "are online"'
equal() { counts >"$built/after"; cmp -s "$built/before" "$built/after"; }
until_holds 60 'the counters are those of before' equal
say "equal after the restore: $(wc -l <"$built/before") counters"
inside 'cp /var/tmp/sensor_reader.yaml /etc/upskeep/; systemctl restart upskeep'
until_holds 120 'counting goes on after the restore' more_outages_than "$before"
say "outages counted after the restore: $(outages)"

# --- the nightly timer, with its time put to now; the newest 14 stay
inside 'for day in $(seq -w 1 20); do install -o upskeep -g upskeep -m 0600 /dev/null "/var/backups/upskeep/upskeep-boot-202501${day}T031000Z.tar.gz"; done
  mkdir -p /etc/systemd/system/upskeep-backup.timer.d
  printf "[Timer]\nOnCalendar=\nOnActiveSec=1\nAccuracySec=1\nRandomizedDelaySec=0\n" >/etc/systemd/system/upskeep-backup.timer.d/now.conf
  systemctl daemon-reload; systemctl restart upskeep-backup.timer'
kept() { inside 'cd /var/backups/upskeep; [ "$(ls | wc -l)" = 14 ] && [ "$(ls | grep -c -v -e -2025)" = 2 ]'; }
until_holds 60 'the timer makes a backup, and all but 14 are deleted' kept
inside 'systemctl list-timers --no-pager upskeep-backup.timer | sed -n 1,2p'  # sed reads to the end; head would break the pipe
inside 'upskeep backup --verify "$(ls /var/backups/upskeep/* | tail -n 1)"'

# --- what a person reads
for name in sensor_reader event_processor counter_store alerter gateway host_agent; do
  inside "journalctl -q --no-pager -n 1 -t $name | grep -q ." || fail "the journal has nothing of $name"
done
inside 'journalctl -q --no-pager -n 1 -p warning -t sensor_reader | grep -q .' || fail 'no line of the journal has a priority'
inside 'journalctl -q --no-pager -o cat -u upskeep | grep -E "^<[0-7]>"' && fail 'a priority was taken for text'
say "the journal: $(inside 'journalctl -q --no-pager -u upskeep | wc -l') lines, of which the last:"
inside 'journalctl -q --no-pager -u upskeep | tail -n 6'
say 'passed'
