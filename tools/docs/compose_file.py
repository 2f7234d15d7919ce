"""``deploy/compose.yml``: the containers of docker-compose.yml with images that are named and not built."""

from __future__ import annotations

import re
from pathlib import Path

from shared import __version__

SOURCE, TARGET = "docker-compose.yml", "deploy/compose.yml"
HEAD = f"""\
# Written by `make docs` from docker-compose.yml; do not edit. The same from a release's images, nothing built:
#
#   UPSKEEP_IMAGES=registry.example/upskeep UPSKEEP_TAG=v{__version__} docker compose -f deploy/compose.yml up -d --wait
#
# It mounts folders beside it (config, mosquitto, grafana, secrets), so it lies where a release's source is unpacked.
"""


def documents(root: Path) -> dict[str, str]:
    """Return the file, by its path below ``root``."""
    text = (root / SOURCE).read_text(encoding="utf-8")
    text = text[text.index("name: upskeep\n") :]
    text = re.sub(r"^ +build: .*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bimage: upskeep/(\w+):\$\{UPSKEEP_TAG:-local\}", _named, text)
    return {TARGET: HEAD + re.sub(r"^( +- )\./", r"\1../", text, flags=re.MULTILINE)}


def _named(found: re.Match[str]) -> str:
    return f"image: ${{UPSKEEP_IMAGES:-upskeep}}/{found[1]}:${{UPSKEEP_TAG:-v{__version__}}}"
