#!/bin/sh
# The broker's entrypoint, as the user mosquitto: tries the store, then becomes the broker.
# Mosquitto refuses to start on a store it cannot read, and a power cut leaves such stores behind
# (mosquitto#2639: all NUL on 5-10 % of a hundred Raspberry Pis). Such a store is moved aside, never deleted
# at once: the newest three are kept. The suite survives an empty broker.
set -eu
data=/mosquitto/data
run=/mosquitto/run
store=$data/mosquitto.db

comes_up() { # FOLDER: whether a broker starts on the store in it; it is killed before it could write
  cat >"$run/probe.conf" <<CONF
listener 0 $run/probe.sock
persistence true
persistence_location $1/
log_dest stdout
log_timestamp false
CONF
  mosquitto -c "$run/probe.conf" >"$run/probe.log" 2>&1 &
  probe=$!
  tries=0
  while [ $tries -lt 600 ] && kill -0 $probe 2>/dev/null && ! grep -q ' running$' "$run/probe.log"; do
    sleep 0.1
    tries=$((tries + 1))
  done
  up=1
  if [ $tries -eq 600 ] || grep -q ' running$' "$run/probe.log"; then up=0; fi # slow is not unreadable
  kill -KILL $probe 2>/dev/null || true
  wait $probe 2>/dev/null || true
  rm -f "$run/probe.sock"
  return $up
}

try_store() {
  rm -rf "$data/probe"
  mkdir "$data/probe" "$data/probe/empty"
  ln "$store" "$data/probe/mosquitto.db"
  # Only a store on which a broker fails that starts well without it is to blame.
  if ! comes_up "$data/probe" && why=$(tail -n 1 "$run/probe.log") && comes_up "$data/probe/empty"; then
    aside=$store.unreadable-$(date -u +%Y%m%dT%H%M%SZ)
    mv "$store" "$aside"
    echo "start.sh: $store cannot be read ($why); moved to $aside. The broker starts empty: sessions and" \
      "retained messages are gone until the services publish them again; no count is lost." >&2
    ls -t "$store".unreadable-* | tail -n +4 | while read -r old; do rm "$old"; done
  fi
  rm -rf "$data/probe"
}

[ ! -e "$store" ] || try_store
umask 077
sh /mosquitto/config/rights.sh /mosquitto/config/acl /run/secrets/passwd >"$run/acl"
cat /run/secrets/passwd >"$run/passwd"
exec mosquitto -c /mosquitto/config/mosquitto.conf
