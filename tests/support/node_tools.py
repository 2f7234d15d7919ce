"""What the tests take from npm: `make node-tools` installs it; without it these tests are skipped, in CI, too."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

MODULES = Path(__file__).parents[2] / ".venv" / "node" / "node_modules"


def node_tools() -> Path:
    """Return the folder of the installed packages; skips where there is none."""
    if shutil.which("node") is None or not MODULES.is_dir():
        pytest.skip("Node.js or its packages are not installed here (make node-tools, which needs npm)")
    return MODULES
