"""The unit that is shipped: systemd understands it, and it gives the agent no more than it needs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Require

ROOT = Path(__file__).parents[3]
UNIT = ROOT / "deploy" / "systemd" / "upskeep-host-agent.service"
MOST_EXPOSED = 20  # of 100, as `systemd-analyze security` counts


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The unit as if this checkout were /opt/upskeep."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text().replace("/opt/upskeep", str(ROOT)))
    return path


def test_systemd_understands_the_unit(require: Require, installed: Path) -> None:
    """No unknown key, no program that is not there."""
    analyze = require.program("systemd-analyze")
    done = subprocess.run(
        [analyze, "verify", "--man=no", installed], capture_output=True, text=True, timeout=60, check=False
    )
    mine = [line for line in done.stderr.splitlines() if installed.name in line]
    assert ([], 0) == (mine, done.returncode)


def test_the_unit_gives_the_agent_little(require: Require, installed: Path) -> None:
    """No capability, no root, no device, a file system it cannot write to."""
    analyze = require.program("systemd-analyze")
    command = [analyze, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}", str(installed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert 0 == done.returncode, done.stdout[-500:]
    assert re.search(r"^User=upskeep$", UNIT.read_text(), re.MULTILINE)


def test_the_page_names_what_is_shipped() -> None:
    """And the unit's own paths are those of the page."""
    page = (ROOT / "docs" / "host-agent.md").read_text()
    shipped = [str(path.relative_to(ROOT)) for path in (ROOT / "deploy").rglob("*") if path.is_file()]
    assert [] == [path for path in shipped if path not in page]
    paths = set(re.findall(r"/(?:opt|etc|var/lib)/upskeep", UNIT.read_text()))
    assert set() == {path for path in paths if path not in page}
