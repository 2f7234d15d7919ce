#!/bin/sh
# rights.sh ACL PASSWD: writes the ACL with the lines of every further reader and agent that has a password.
# The lines for `sensor_reader-attic` are those that begin with `#: ` in ACL, with attic in place of NAME.
set -eu
cat "$1"
cut -d : -f 1 "$2" | grep -E '^(sensor_reader|host_agent)-[A-Za-z0-9_.-]+$' | sort -u | while read -r user; do
  service=${user%%-*}
  echo
  sed -n "/^#: user $service-NAME\$/,/^\$/s/^#: //p" "$1" | sed "s/-NAME/-${user#*-}/g"
done
