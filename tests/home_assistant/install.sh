#!/usr/bin/env bash
# install.sh FOLDER: Home Assistant from PyPI into a venv of its own, in the newest release that this machine's Python
# takes. What its integrations need it installs by itself when it starts.
set -euo pipefail
folder=$1
found=
for python in "${HOME_ASSISTANT_PYTHON:-}" python3.{14,13} "$HOME"/.pyenv/versions/3.1[3-9]*/bin/python3; do
  if [ -n "$python" ] && "$python" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
    found=$python
    break
  fi
done
if [ -z "$found" ]; then
  echo 'Home Assistant needs Python 3.13 or newer, and none was found: name one by HOME_ASSISTANT_PYTHON' >&2
  exit 1
fi
echo "installing Home Assistant for $("$found" --version): some minutes, and only the first time"
rm -rf "$folder"
"$found" -m venv "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check uv
"$folder/bin/uv" pip install --quiet --python "$folder/bin/python" homeassistant
touch "$folder/.ready"
