"""What users of other programs reported, tried on this one: each ``run.sh`` prints PASS or FAIL, line by line.

Each ``README.md`` there cites the report. A case that belongs to an open issue is marked with its number; whoever
sees it pass takes the mark away. They mostly wait for what a UPS does in real time, so three run side by side.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from tests.conftest import Require
from tests.support import processes
from tests.support.brokers import free_pair

ROOT = Path(__file__).resolve().parents[2]
FIELD = ROOT.parent / "shared" / "cases" / "field"
NUT = ("upsd", "upsc")  # and dummy-ups, which is on no path
TIMEOUT_S = 600.0
SIDE_BY_SIDE = 3
FILES = ("event_processor", "boards")

# Each case, and the issue that it waits for; None where it passes.
CASES: dict[str, str | None] = {
    "01-nut-impossible-charge": None,
    "02-nut-ob-lb-only": None,
    "03-nut-fsd-on-mains": None,
    "05-nut-alarm": None,
    "06-nut-large-ups": None,
    "08-nut-ol-dischrg-hover": None,
    "09-nut-lb-at-once": None,
    "10-nut-runtime-zero-on-mains": None,
    "11-recording-impossible-values": None,
    "12-backtest-says-nothing": None,
    "13-outage-duration": None,
    "16-ingest-empty-id": None,
    "17-ingest-1970": None,
    "24-nut-ob-off": None,
    "25-nut-agent-blind": None,
}
# Calls the chips' code by module names of before, and looks for the board's level in the rule that all boards share.
AT_FULL_SCALE = "19-ina219-at-full-scale"
BOARD_OF_01_OHM = "waveshare_ups_hat_b"
MARKED = [
    pytest.param(name, marks=() if issue is None else pytest.mark.xfail(reason=f"issue {issue}"))
    for name, issue in CASES.items()
]


Done = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def done(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Done]]:
    """Return what waits for the end of a case. All that are tested in this run are begun, in the order of the tests."""
    here = [item for item in request.session.items if item.path == request.path and "[" in item.name]
    names = [item.name.partition("[")[2].rstrip("]") for item in here]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        program = processes.upskeep_of_a_shell(tmp_path_factory.mktemp("bin"))
        cases = {name: pool.submit(run, FIELD / name, tmp_path_factory.mktemp(name), program) for name in names}
        yield lambda name: cases[name].result()
        for case in cases.values():
            case.cancel()


@pytest.mark.parametrize("name", MARKED)
def test_a_report_from_the_field(require: Require, request: pytest.FixtureRequest, name: str) -> None:
    """Every line of its ``run.sh`` says PASS."""
    folder = FIELD / name
    if not folder.exists():
        pytest.skip("the cases are not beside this checkout (../shared/cases)")
    if "-nut-" in name:
        found = [Path(require.program(program)) for program in NUT]
        require.that(Path("/lib/nut/dummy-ups").exists() and found, "NUT's dummy-ups is not installed here")
    if "backtest" not in (folder / "run.sh").read_text(encoding="utf-8"):
        require.program("mosquitto")
        require.program("mosquitto_sub")
    passes(request.getfixturevalue("done")(name))


def test_the_end_of_a_scale_is_said_and_a_boards_level_can_be_reached(tmp_path: Path) -> None:
    """Case 19 with two stand-ins: a chip.py by today's names, and the level that counts on a board with 0.1 Ω."""
    if not (FIELD / AT_FULL_SCALE).exists():
        pytest.skip("the cases are not beside this checkout (../shared/cases)")
    folder, checkout = tmp_path / "field", tmp_path / "checkout"
    shutil.copytree(FIELD / AT_FULL_SCALE, folder / AT_FULL_SCALE)
    shutil.copy(FIELD / "lib_backtest.sh", folder)
    shutil.copy(Path(__file__).with_name("chip.py"), folder)
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "upskeep").symlink_to(Path(sys.executable).with_name("upskeep"))
    for name in ("services", "shared"):
        (checkout / name).symlink_to(ROOT / name)
    processor, boards = (yaml.safe_load((ROOT / "config" / f"{name}.yaml").read_text()) for name in FILES)
    level = boards["boards"][BOARD_OF_01_OHM]["levels"]["discharge_high"]["at"]
    processor["rules"]["thresholds"]["discharge_high"]["below"] = level
    (checkout / "config").mkdir()
    (checkout / "config" / "event_processor.yaml").write_text(yaml.safe_dump(processor))
    passes(run(folder / AT_FULL_SCALE, tmp_path, programs / "upskeep"))


def passes(done: Done) -> None:
    lines = done.stdout.splitlines()
    assert [] == [line for line in lines if line.startswith("FAIL")], done.stdout + done.stderr
    assert any(line.startswith("PASS") for line in lines), done.stdout + done.stderr


def run(folder: Path, home: Path, upskeep: Path) -> Done:
    """Run a case against this checkout, on ports that nobody else uses."""
    environ = {
        **os.environ,
        "UPSKEEP": str(upskeep),
        "PYTHON": sys.executable,
        "CONFIG": str(ROOT / "config"),
        "CONFIG_FROM": str(ROOT / "config"),
        "PORT": str(free_pair()),  # the next one is for the NUT server
        "TMPDIR": str(home),
        "PATH": f"{os.environ['PATH']}:/usr/sbin",
    }
    command = ["bash", str(folder / "run.sh")]
    return subprocess.run(
        command, check=False, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S
    )


def test_no_case_is_left_out() -> None:
    """A folder that is added is run."""
    if not FIELD.exists():
        pytest.skip("the cases are not beside this checkout (../shared/cases)")
    assert {path.parent.name for path in FIELD.glob("*/run.sh")} == CASES.keys() | {AT_FULL_SCALE}
