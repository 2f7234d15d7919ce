"""A guest whose kernel has the hardware that this machine has not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Require
from tests.support.i2c.observe import GAUGE, MONITOR

ROOT = Path(__file__).parents[2]
TOOL = ROOT.parent / "shared" / "tools" / "i2c-guest.sh"
BOOT_S = 600  # it is emulated: what takes a second here takes many there, more when the machine is busy


@pytest.fixture(scope="session")
def seen_in_guest(require: Require) -> dict[str, dict[str, Any]]:
    """What ``tests/support/in_guest.py`` saw, by kind of hardware; booted once for all."""
    require.root()
    require.that(TOOL.exists(), "the guest (../shared/tools/i2c-guest.sh) is not beside this checkout")
    done = subprocess.run(
        ["bash", TOOL, f"{GAUGE:#04x},{MONITOR:#04x}", ROOT, sys.executable, "-m", "tests.support.in_guest"],
        env={**os.environ, "I2C_GUEST_TIMEOUT": str(BOOT_S)},
        capture_output=True, text=True, timeout=BOOT_S + 300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen
