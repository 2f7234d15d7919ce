#!/usr/bin/env bash
# make arm64: a 64-bit Raspberry Pi's userland under emulation (Debian arm64, QEMU): the unit tests of shared and the services pass, but
# for those that arm64_left_out.txt names, and the wheel installs and says its version. About ten times slower than the machine. Needs root.
# PART=1/8 runs the first of eight parts of the tests alone. This machine's pip fetches the packages, as wheels of that architecture: its
# own pip, emulated, takes minutes to unpack what takes seconds here.
set -euo pipefail
emulate=${ARM64_TOOL:-../shared/tools/arm64-root.sh}
export ARM64_ROOT=${ARM64_ROOT:-/var/cache/arm64-root}
part=${PART:-1/1}
tests=${ARM64_TESTS:-tests/unit/shared tests/unit/sensor_reader tests/unit/event_processor tests/unit/counter_store tests/unit/alerter tests/unit/host_agent tests/unit/climate_controller tests/unit/climate_supervisor tests/unit/uplink tests/unit/gateway}
# every so many-th file, so that each part has some of all services
files=$(find $tests -name 'test_*.py' | sort | awk -v part="${part%/*}" -v of="${part#*/}" 'NR % of == part % of' | tr '\n' ' ')
[ -n "$files" ] || { echo "PART=$part has no test: write it like 1/8" >&2; exit 2; }
left_out=$(grep -o '^tests[^ ]*' tools/packaging/arm64_left_out.txt | sed 's/^/--deselect /' | tr '\n' ' ')
version=$(bash "$emulate" . python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
packages=$ARM64_ROOT/usr/local/lib/python$version/dist-packages
if [ ! requirements.lock -ot "$packages/.fetched" ] || [ ! pyproject.toml -ot "$packages/.fetched" ]; then
  rm -rf "$packages"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --only-binary=:all: --target "$packages" \
    --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
    --implementation cp --python-version "$version" -c <(sed -E '/--hash=/d; s/ \\$//; s/ ;.*//' requirements.lock) \
    --group machine --group uplink --group fleet pip pytest pytest-randomly pytest-timeout pytest-xdist hypothesis
  touch "$packages/.fetched"
fi
rm -rf "$ARM64_ROOT/tmp/wheel"
.venv/bin/python -m pip wheel --quiet --no-deps -w "$ARM64_ROOT/tmp/wheel" .
bash "$emulate" . bash -euo pipefail -c "
  uname -m; python3 --version
  rm -rf /tmp/installed
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --no-deps --target /tmp/installed /tmp/wheel/upskeep-*.whl
  (cd /tmp && PYTHONPATH=/tmp/installed /tmp/installed/bin/upskeep --version)
  UPSKEEP_EMULATED=1 python3 -m pytest -q -n ${WORKERS:-2} -p no:cacheprovider $left_out $files"
