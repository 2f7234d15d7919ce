#!/usr/bin/env bash
# Build InfluxDB 2 from its Go module for the tests that need one: Debian has 1.x only. Takes some minutes the first time.
#   influxd2.sh VERSION WHERE
# Needs Go, Rust and a C compiler. Flux is Rust inside of it: influxdata/pkg-config builds and links that. Flux asks for
# the compiler of its time and forbids warnings; here it takes the one that is there, which warns of more.
set -euo pipefail
version=$1 where=$(realpath -m "$2")
for need in go cargo cc pkg-config; do
  command -v "$need" >/dev/null || { echo "InfluxDB 2 cannot be built here: there is no $need" >&2; exit 1; }
done
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
printf '#!/bin/sh\nexec "$@" --cap-lints warn\n' >"$tools/rustc"
chmod +x "$tools/rustc"
export GOTOOLCHAIN=local RUSTUP_TOOLCHAIN=${RUSTUP_TOOLCHAIN:-stable} RUSTC_WRAPPER=$tools/rustc

cd "$tools"
GOBIN=$tools go install github.com/influxdata/pkg-config@v0.2.14
module=$(go mod download -json "github.com/influxdata/influxdb/v2@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
cd "$module"
PKG_CONFIG=$tools/pkg-config go build -tags sqlite_foreign_keys,sqlite_json -ldflags "-X main.version=$version" \
  -o "$where" ./cmd/influxd
"$where" version
