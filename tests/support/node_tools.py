"""What the tests take from npm: `make node-tools` installs it."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import Require

FOLDER = Path(__file__).parents[2] / ".venv" / "node"


def node_tools(require: Require) -> Path:
    """Return the folder of the installed packages; without all of them the test is skipped, where that is allowed."""
    here = shutil.which("node") is not None and (FOLDER / ".ready").exists()
    require.that(here, "Node.js or its packages are not installed here (make node-tools, which needs npm)", "node")
    return FOLDER / "node_modules"
