"""The wheel: what it holds, how large it is, and that it works from anywhere, whatever else is called as its parts."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared import __version__
from tests.support.brokers import free_port
from upskeep.runner.service_process import service_command

ROOT = Path(__file__).parents[2]
WRONG = "raise SystemExit('the wrong one')\n"
MOST_MB = 6  # unpacked
DATA = {".j2", ".sql", ".yaml", ".service", ".timer", ".rules", ".css", ".js", ".svg"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built once, by the backend of pyproject.toml."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, this one's packages, and somebody else's ``shared`` and ``services``."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    (packages,) = (place / "lib").glob("python*/site-packages")
    uv = [Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--offline", "--no-deps"]
    environ = {**os.environ, "UV_NO_CONFIG": "1"}
    subprocess.run([*uv, "--python", place / "bin" / "python", wheel], check=True, env=environ)
    (packages / "here.pth").write_text(sysconfig.get_path("purelib") + "\n")  # what .pth files stand there do not count
    _wrong_ones(packages)
    return place


def _wrong_ones(folder: Path) -> None:
    for name in ("shared", "services"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text(WRONG, encoding="utf-8")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A working directory with folders of the same names, far from the checkout."""
    _wrong_ones(tmp_path)
    return tmp_path


def _run(place: Path, folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
    ours = ("UPSKEEP_", "PYTHON", "XDG_")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environ |= {"HOME": str(folder)}
    return subprocess.run(
        [*map(str, command)], cwd=folder, env=environ, capture_output=True, text=True, timeout=240, check=False
    )


def test_it_installs_one_package_and_nothing_of_the_workshop(wheel: Path) -> None:
    """The suite below ``upskeep/_suite``, its configuration and units; no test, tool or benchmark."""
    names = zipfile.ZipFile(wheel).namelist()
    inside = [name for name in names if not name.startswith("upskeep-")]

    assert {"upskeep"} == {name.partition("/")[0] for name in inside}
    assert ["config", "deploy", "fleet", "services", "shared"] == sorted(
        {name.split("/")[2] for name in inside if name.startswith("upskeep/_suite/")}
    )
    assert {".py", *DATA} == {Path(name).suffix for name in inside}
    packed = ("upskeep", "shared", "services", "fleet", "config", "deploy")
    assert {each for folder in packed for each in _files(folder)} == {
        name.removeprefix("upskeep/_suite/") for name in inside
    }


def _files(folder: str) -> set[str]:
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", *DATA} and "__pycache__" not in path.parts
    }


def test_it_is_of_the_version_that_the_code_says(wheel: Path) -> None:
    """``shared/__init__.py`` holds the only one; the newest section of the changelog is about it."""
    assert f"upskeep-{__version__}-py3-none-any.whl" == wheel.name

    heading = re.search(r"^## (\S+) \((.+)\)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert heading
    number, when = heading.groups()
    assert (f"{number}.dev0" if when == "unreleased" else number) == __version__


def test_it_is_small(wheel: Path) -> None:
    """Unpacked, without what it depends on."""
    size = sum(member.file_size for member in zipfile.ZipFile(wheel).infolist())
    assert MOST_MB * 1e6 > size


def test_it_works_where_others_have_the_same_names(installed: Path, elsewhere: Path) -> None:
    """In the working directory and among the installed packages: import, commands, and a counted event."""
    python, upskeep = installed / "bin" / "python", installed / "bin" / "upskeep"
    for command in ((python, "-c", "import upskeep.cli"), (python, "-m", "upskeep", "--version"), (upskeep, "check")):
        done = _run(installed, elsewhere, *command)
        assert (0, "") == (done.returncode, done.stderr)

    source = ("--source", "sim:outage", "--speed", "max", "--exit-when-done", "--json")
    done = _run(installed, elsewhere, upskeep, "run", *source, "--port", free_port())

    assert not done.returncode, done.stderr
    assert 1 == json.loads(done.stdout)["events"]["AC_POWER_LOSS"]


def test_a_service_of_its_own_is_found_too(installed: Path, elsewhere: Path) -> None:
    """As a unit of systemd starts it."""
    command = [installed / "bin" / "python", *service_command("host_agent")[1:], "--check"]
    done = _run(installed, elsewhere, *command)

    assert not done.returncode, done.stderr
    assert "is good" in done.stderr


def test_what_it_depends_on_is_what_the_groups_say() -> None:
    """With every extra it is the group ``machine``: what images install and what a wheel asks for are one list."""
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = facts["project"]["optional-dependencies"]
    asked = {*facts["project"]["dependencies"]}
    asked |= {each for name in ("notify", "influxdb", "parquet") for each in extras[name]}

    def bare(all_of: set[str]) -> set[str]:
        return {each.partition(";")[0].strip() for each in all_of}

    assert bare({*_group(facts["dependency-groups"], "machine")}) == bare(asked)


def _group(groups: dict[str, Any], name: str) -> Iterator[str]:
    for each in groups[name]:
        if isinstance(each, str):
            yield each
        else:
            yield from _group(groups, each["include-group"])
