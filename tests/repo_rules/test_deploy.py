"""The units that are shipped: systemd understands them, and they give their processes no more than they need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import Require
from upskeep.cli import cli

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]
MOST_EXPOSED = 20  # of 100, as `systemd-analyze security` counts
PAGES = {  # what is shipped, and the page that says how to install it
    "compose.yml": "compose.md",
    "fleet.Dockerfile": "fleet.md",
    "fleet.Dockerfile.dockerignore": "fleet.md",
    "kubernetes/workers.yaml": "fleet.md",
    "polkit/50-upskeep-host-agent.rules": "host-agent.md",
    "systemd/upskeep-backup.service": "backup.md",
    "systemd/upskeep-backup.timer": "backup.md",
    "systemd/upskeep-host-agent.service": "host-agent.md",
    "systemd/upskeep.service": "boot.md",
}


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the units as if this checkout were /opt/upskeep."""
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/upskeep", str(ROOT)))
    return tmp_path


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_the_unit(require: Require, installed: Path, unit: Path) -> None:
    """No unknown key, no program that is not there."""
    analyze = require.program("systemd-analyze")
    command = [analyze, "verify", "--man=no", installed / unit.name]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    mine = [line for line in done.stderr.splitlines() if "upskeep" in line]
    assert ([], 0) == (mine, done.returncode)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_unit_gives_its_process_little(require: Require, installed: Path, unit: Path) -> None:
    """No capability, no root, a file system it cannot write to."""
    analyze = require.program("systemd-analyze")
    command = [analyze, "security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED}"]
    done = subprocess.run(
        [*command, str(installed / unit.name)], capture_output=True, text=True, timeout=60, check=False
    )
    assert 0 == done.returncode, done.stdout[-500:]
    assert re.search(r"^User=upskeep$", unit.read_text(), re.MULTILINE)


def test_a_page_names_what_is_shipped() -> None:
    """And the file's own paths are those of the page, or of the page that it names."""
    assert PAGES.keys() == {str(path.relative_to(DEPLOY)) for path in DEPLOY.rglob("*") if path.is_file()}
    boot = (ROOT / "docs" / "boot.md").read_text()
    for name, page in PAGES.items():
        text = (ROOT / "docs" / page).read_text()
        assert f"deploy/{name}" in text, name
        used = set(re.findall(r"/(?:opt|etc|var/lib|var/backups)/upskeep", (DEPLOY / name).read_text()))
        assert set() == {path for path in used if path not in text + ("" if page == "host-agent.md" else boot)}, name


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_the_command_of_a_unit_is_one_that_is_taken(unit: Path) -> None:
    """Its options are known to the program it starts."""
    (line,) = re.findall(r"^ExecStart=/opt/upskeep/\.venv/bin/(.*)$", unit.read_text(), re.MULTILINE)
    words = line.split()
    options = {word for word in words if word.startswith("--")}
    program = [Path(sys.executable).with_name(words[0]), *words[1 : 5 if words[1] == "-P" else 2], "--help"]
    done = subprocess.run(program, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    assert not done.returncode, done.stderr
    assert options == {option for option in options if option in done.stdout}


def test_the_containers_without_a_build_are_those_that_are_built() -> None:
    """The same services with the same rights; every image of ours is named by registry and release."""
    built, named = (yaml.safe_load((ROOT / name).read_text()) for name in ("docker-compose.yml", "deploy/compose.yml"))

    assert built["services"].keys() == named["services"].keys()
    for name, service in named["services"].items():
        before = built["services"][name]
        assert "build" not in service
        assert ("build" in before) is service["image"].startswith("${UPSKEEP_IMAGES:-upskeep}/")
        kept = {"build", "image", "volumes"}
        assert {key: before[key] for key in before.keys() - kept} == {
            key: service[key] for key in service.keys() - kept
        }


def test_forges_run_what_decides_here() -> None:
    """And both have the same files."""
    for path in sorted((ROOT / ".github").rglob("*.yml")):
        yaml.safe_load(path.read_text())
        assert path.read_text() == (ROOT / ".forgejo" / path.relative_to(ROOT / ".github")).read_text()
    assert ".ci/run" in (ROOT / ".github" / "workflows" / "ci.yml").read_text()
    assert "upskeep doctor --report" in (ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text()


def test_kubernetes_takes_the_manifests(require: Require) -> None:
    """By its own schemas, with no key that it does not know; and the commands in them are ours."""
    validate = require.module("kubernetes_validate")
    documents = [*yaml.safe_load_all((DEPLOY / "kubernetes" / "workers.yaml").read_text(encoding="utf-8"))]
    for document in documents:
        validate.validate(document, "1.33", strict=True)
    kinds = ["ConfigMap", "Job", "Deployment", "PodDisruptionBudget", "HorizontalPodAutoscaler"]
    assert kinds == [document["kind"] for document in documents]

    pods = [each["spec"]["template"]["spec"] for each in documents if "template" in each.get("spec", {})]
    called = [container["args"] for pod in pods for container in pod["containers"]]
    for _, name, *arguments in called:
        with cli.commands["fleet"].commands[name].make_context(name, [*arguments]):  # type: ignore[attr-defined]
            pass
    assert [["fleet", "migrate"], ["fleet", "worker"]] == [arguments[:2] for arguments in called]


def test_the_containers_of_a_fleet_call_commands_of_ours() -> None:
    """Each service of compose.fleet.yml that is ours; and what they depend on is there."""
    services = yaml.safe_load((ROOT / "compose.fleet.yml").read_text(encoding="utf-8"))["services"]
    assert {need for each in services.values() for need in each.get("depends_on", {})} <= {*services}
    called = [each["command"] for each in services.values() if each.get("entrypoint") == ["upskeep", "fleet"]
              and "command" in each]  # fmt: skip
    for name, *arguments in called:
        with cli.commands["fleet"].commands[name].make_context(name, [*arguments]):  # type: ignore[attr-defined]
            pass
    assert ["migrate", "worker"] == [name for name, *_ in called]


def test_kubernetes_refuses_what_it_does_not_know(require: Require) -> None:
    """So that the test above can fail."""
    validate = require.module("kubernetes_validate")
    document = next(yaml.safe_load_all((DEPLOY / "kubernetes" / "workers.yaml").read_text(encoding="utf-8")))
    with pytest.raises(validate.ValidationError):
        validate.validate({**document, "dota": {}}, "1.33", strict=True)
