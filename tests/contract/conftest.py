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
BOOTS_S = (450, 600)  # it is emulated: what takes a second here takes many there, more when the machine is busy
UNFINISHED = 125  # as the tool says that the guest has hung or panicked: an emulated timer may, where cores are short


@pytest.fixture(scope="session")
def seen_in_guest(require: Require) -> dict[str, dict[str, Any]]:
    """What ``tests/support/in_guest.py`` saw, by kind of hardware; booted once for all."""
    require.root()
    require.that(TOOL.exists(), "the guest (../shared/tools/i2c-guest.sh) is not beside this checkout")
    command = [f"{GAUGE:#04x},{MONITOR:#04x}", ROOT, sys.executable, "-m", "tests.support.in_guest"]
    for boot_s in BOOTS_S:
        done = subprocess.run(
            ["bash", TOOL, *command],
            env={**os.environ, "I2C_GUEST_TIMEOUT": str(boot_s)},
            capture_output=True, text=True, timeout=boot_s + 300, check=False,
        )  # fmt: skip
        if done.returncode != UNFINISHED:
            break
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, dict[str, Any]] = json.loads(done.stdout.strip().splitlines()[-1])
    return seen
