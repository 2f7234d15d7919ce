"""No page, script or configuration puts a secret where others can see it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXTS = ("*.md", "*.yml", "*.yaml", "*.sh", "Dockerfile", "Makefile", "*.py")
IN_ARGV = re.compile(
    r"""(mosquitto_(sub|pub|rr)\b[^\n|]*\s-P\s*["'$\w])"""  # mosquitto's password
    r"""|(curl\b[^\n|]*\s(-u|--user)\s+\S+:\S)"""  # curl's
    r"""|(--password[= ](?!-?file)["'$])"""
)
EXCEPTED = {"grafana/reader.sh"}  # influx takes this password no other way; docs/security.md says so
IN_PYTHON = re.compile(r"""(?<!sys\.executable, )["']-P["']\s*,""")  # Python's own -P keeps sys.path safe


def tracked() -> list[Path]:
    """Return the texts of the repository."""
    command = ["git", "ls-files", "-co", "--exclude-standard", *TEXTS]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return [ROOT / name for name in said.stdout.decode().split() if (ROOT / name).is_file()]


def test_no_password_stands_in_a_command_line() -> None:
    """Every user of a machine sees the arguments of every process."""
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        if path != Path(__file__) and str(path.relative_to(ROOT)) not in EXCEPTED
        for match in (IN_PYTHON if path.suffix == ".py" else IN_ARGV).finditer(path.read_text(encoding="utf-8"))
    ]
    assert [] == found


@pytest.mark.parametrize(
    "line",
    ['mosquitto_sub -u operator -P "$(cat x)" -t x', "mosquitto_pub -P secret", "curl -u admin:secret http://x"],
)
def test_a_password_in_a_command_line_is_found(line: str) -> None:
    assert IN_ARGV.search(line)


def test_the_folder_of_secrets_is_there_and_nothing_in_it_is_committed() -> None:
    """So the container engine does not make it as root, and git passes over what you put there."""
    said = subprocess.run(["git", "check-ignore", "secrets/phone"], cwd=ROOT, capture_output=True, check=False)
    assert (ROOT / "secrets" / ".gitignore").is_file()
    assert 0 == said.returncode
