#!/usr/bin/env bash
# make arm64: a 64-bit Raspberry Pi's userland under emulation (Debian arm64, QEMU): the wheel installs and says its version,
# and the unit tests of shared and the services pass. About ten times slower than the machine. Needs root. PART=1/8 runs the first
# of eight parts of the tests alone; what was installed is kept between them.
set -euo pipefail
emulate=${ARM64_TOOL:-../shared/tools/arm64-root.sh}
part=${PART:-1/1}
tests=${ARM64_TESTS:-tests/unit/shared tests/unit/sensor_reader tests/unit/event_processor tests/unit/counter_store tests/unit/alerter tests/unit/host_agent tests/unit/climate_controller tests/unit/climate_supervisor tests/unit/uplink tests/unit/gateway}
# every so many-th file, so that each part has some of all services
files=$(find $tests -name 'test_*.py' | sort | awk -v part="${part%/*}" -v of="${part#*/}" 'NR % of == part % of' | tr '\n' ' ')
[ -n "$files" ] || { echo "PART=$part has no test: write it like 1/8" >&2; exit 2; }
bash "$emulate" . bash -euo pipefail -c "
  uname -m; python3 --version
  mkdir -p /var/tmp/upskeep-venv && ln -s /var/tmp/upskeep-venv .venv
  make setup
  .venv/bin/python -m pip wheel --quiet --no-deps -w /tmp/wheel .
  python3 -m venv /tmp/installed && /tmp/installed/bin/pip install --quiet --disable-pip-version-check --force-reinstall /tmp/wheel/upskeep-*.whl
  cd /tmp && /tmp/installed/bin/upskeep --version && cd /app
  .venv/bin/python -m pytest -q -n 2 -p no:cacheprovider $files"
