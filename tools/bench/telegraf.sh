#!/usr/bin/env bash
# Build Telegraf from its Go module for `make bench ARGS="--node-red"`, with what that needs and no more: some minutes.
#   telegraf.sh v1.31.3 .venv/telegraf
set -euo pipefail
version=$1 where=$(realpath -m "$2")
command -v go >/dev/null || { echo "Telegraf cannot be built here: there is no go" >&2; exit 1; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export GOTOOLCHAIN=local
module=$(go mod download -json "github.com/influxdata/telegraf@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cp -r "$module" "$folder/telegraf"
chmod -R u+w "$folder/telegraf"
cd "$folder/telegraf"
go build -tags custom,inputs.mqtt_consumer,outputs.mqtt,parsers.json_v2,serializers.json \
  -ldflags "-X github.com/influxdata/telegraf/internal.Version=${version#v}" -o "$where" ./cmd/telegraf
"$where" --version
