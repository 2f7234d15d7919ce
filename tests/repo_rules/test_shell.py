"""Every shell script of the repository parses: CI runs them where nobody watches."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        ROOT / ".ci/run",
        *(found for folder in ("grafana", "mosquitto", "tests", "tools") for found in (ROOT / folder).rglob("*.sh")),
    )
)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_shell_script_parses(script: str) -> None:
    shell = (ROOT / script).read_text().splitlines()[0].removeprefix("#!").removeprefix("/usr/bin/env ").strip()
    parsed = subprocess.run([*shell.split(), "-n", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert parsed.returncode == 0, parsed.stderr
    assert not parsed.stderr, parsed.stderr


def test_the_script_of_ci_is_among_them() -> None:
    assert ".ci/run" in SCRIPTS
