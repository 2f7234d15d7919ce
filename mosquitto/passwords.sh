#!/bin/sh
# Makes what is missing of the passwords; what is there is kept. Runs once before everything else.
# Each folder in /secrets is a volume named for a user, and holds that user's password in the file `mqtt`.
# To change a password: see README.md.
set -eu
umask 077

gid_of() { # USER: the group its container runs as
  case $1 in
    mosquitto | operator) echo 1883 ;;
    influxdb) echo 1000 ;;
    grafana) echo 0 ;;
    *) echo 10001 ;;
  esac
}

put() { # TEXT USER FILE: whole or not at all, readable by that user's container alone
  printf %s "$1" >"/secrets/$2/.$3"
  chown "0:$(gid_of "$2")" "/secrets/$2/.$3"
  chmod 0440 "/secrets/$2/.$3"
  mv "/secrets/$2/.$3" "/secrets/$2/$3"
}

secret() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
missing() { [ ! -s "/secrets/$1/$2" ]; }

for folder in /secrets/*/; do
  user=$(basename "$folder")
  case $user in mosquitto | influxdb | grafana) continue ;; esac # no users of the broker
  if missing "$user" mqtt; then
    put "$(secret)" "$user" mqtt
    echo "passwords.sh: made the MQTT password of $user"
  fi
  printf '%s:%s\n' "$user" "$(cat "/secrets/$user/mqtt")" >>/tmp/passwd
done
mosquitto_passwd -U /tmp/passwd
put "$(cat /tmp/passwd)
" mosquitto passwd
rm /tmp/passwd

if [ -d /secrets/gateway ]; then # what people log in to the console with
  ! missing gateway console || put "$(secret)" gateway console
fi
if [ -d /secrets/influxdb ]; then
  ! missing influxdb password || put "$(secret)" influxdb password
  ! missing influxdb token || put "$(secret)" influxdb token
  put "$(cat /secrets/influxdb/token)" counter_store influx_token
fi
if [ -d /secrets/grafana ]; then # the operator's password there, and the one by which it reads InfluxDB
  ! missing grafana password || put "$(secret)" grafana password
  ! missing influxdb grafana_password || put "$(secret)" influxdb grafana_password
  put "$(cat /secrets/influxdb/grafana_password)" grafana influx_password
fi
