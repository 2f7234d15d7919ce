"""A machine for which some packages have no wheel (32-bit ARM): they are left out, and everything else works."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LEFT_OUT = {
    "gpiod": "gpiod",
    "google-re2": "re2",
    "iotcore": "iotcore",
    "pyarrow": "pyarrow",
    "setproctitle": "setproctitle",
}
WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(sys.argv.pop(1).split(",")))  # importing one of them fails
from upskeep import service_apps
from upskeep.runner import forks, process_title
process_title.show_as("test")
from upskeep.cli import main
main()
"""


def test_what_has_no_wheel_is_left_out() -> None:
    """Of what one machine needs, those have wheels for 64-bit machines alone."""
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    asked = [each for members in groups.values() for each in members if isinstance(each, str)]
    marked = {re.split(r"[>;\[]", each)[0] for each in asked if "platform_machine" in each}
    assert {*LEFT_OUT} == marked


def test_the_suite_works_without_them() -> None:
    """Every service and command is imported, and the shipped configuration is good."""
    command = [sys.executable, "-c", WITHOUT, ",".join(LEFT_OUT.values()), "check", "--config", ROOT / "config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert (0, "") == (done.returncode, done.stderr)
