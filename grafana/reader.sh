#!/bin/sh
# Gives Grafana a user of InfluxDB 2 that may read the suite's two buckets and nothing else. Runs before every start
# of Grafana, and changes nothing where the user is there.
set -eu
INFLUX_TOKEN=$(cat /run/secrets/token)
password=$(cat /run/secrets/grafana_password)
export INFLUX_TOKEN

# counter_store makes it when it first reaches InfluxDB, which may be later than this.
influx bucket list --name upskeep_readings --hide-headers | grep -q . ||
  influx bucket create --name upskeep_readings --retention "$((READINGS_DAYS * 24))h"

if influx v1 auth list --username grafana --hide-headers | grep -q .; then
  influx v1 auth set-password --username grafana --password "$password"
  exit 0
fi
for bucket in upskeep upskeep_readings; do
  id=$(influx bucket list --name "$bucket" --hide-headers | cut -f1)
  set -- "$@" --read-bucket "$id"
done
influx v1 auth create --username grafana --password "$password" "$@"
