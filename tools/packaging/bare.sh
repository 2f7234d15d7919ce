#!/usr/bin/env bash
# make home: the wheel in a Debian that holds Python and nothing else, without the checkout: install, init, run, an event
# counted, a backup. Needs root and mmdebstrap, this machine's apt and pip settings, and some minutes. SUITE names another Debian; with
# MIRROR (a line of sources.list) it is a suite of another distribution that has apt: SUITE=noble MIRROR="deb … noble main universe".
set -euo pipefail
suite=${SUITE:-bookworm}
root=${HOME_ROOT:-/var/cache/upskeep-home/$suite}
if [ ! -e "$root/.ready" ]; then
  mkdir -p "$(dirname "$root")"
  mmdebstrap --quiet --variant=minbase --include=python3,python3-venv,ca-certificates "$suite" "$root" ${MIRROR:+"$MIRROR"} >/dev/null
  cp -rL /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true
  chroot "$root" update-ca-certificates >/dev/null 2>&1
  touch "$root/.ready"
fi
built=$(mktemp -d)
trap 'rm -rf "$built"; umount -l "$root/proc" "$root/dev" 2>/dev/null || true' EXIT
.venv/bin/python -m pip wheel --quiet --no-deps -w "$built" .
cp -L /etc/resolv.conf /etc/hosts "$root/etc/"
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$root/etc/"
home=/tmp/newcomer  # of whoever installs it there: what it writes goes with it
rm -rf "$root/opt/upskeep" "$root$home" && mkdir "$root$home"
cp "$built"/*.whl "$root/tmp/"
for m in proc dev; do mountpoint -q "$root/$m" || mount --rbind "/$m" "$root/$m"; done
env -u PIP_FIND_LINKS HOME=$home chroot "$root" /bin/bash -euo pipefail -c '
  . /etc/os-release; echo "$PRETTY_NAME, $(python3 --version), $(uname -m)"
  python3 -m venv /opt/upskeep && /opt/upskeep/bin/pip install --quiet --disable-pip-version-check "$(ls /tmp/upskeep-*.whl)[notify]"
  size=$(du -sm /opt/upskeep | cut -f 1); echo "installed: $size MB, with what it needs, pip and setuptools"; [ "$size" -le 130 ]
  mkdir -p /tmp/elsewhere/shared /tmp/elsewhere/services && cd /tmp/elsewhere
  echo "raise SystemExit(1)" | tee shared/__init__.py >services/__init__.py
  PATH=/opt/upskeep/bin:$PATH
  upskeep init --yes --simulate outage --site bare | tail -n 3
  upskeep check --effective --changed
  upskeep run --speed max --exit-when-done --port 21884
  upskeep backup /tmp/elsewhere/b.tar.gz && upskeep backup /tmp/elsewhere/b.tar.gz --verify
  rm -rf /tmp/elsewhere'
