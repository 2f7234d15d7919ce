"""Keys that have another name now: read, moved, and said with file and line."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from click.testing import CliRunner
from pydantic import Field

from shared import settings
from shared.renamed_keys import EACH, renamed
from shared.settings import ConfigError, Settings, parse_settings
from upskeep.cli import cli


class Room(Settings):
    """What a file held once as ``heat: {max: 30}``."""

    limits: dict[str, float] = Field(default_factory=dict)


TABLE = {("heat", "max"): ("limits", "high")}


@pytest.fixture(autouse=True)
def _renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RENAMED", {"room": {("top",): ("limits", "high")}})
    monkeypatch.setattr(settings, "_noticed", set())


def test_an_old_key_counts_and_a_notice_names_the_new_one(caplog: pytest.LogCaptureFixture) -> None:
    """Once, however often the file is read."""
    with caplog.at_level(logging.WARNING):
        found = [parse_settings("# mine\ntop: 30\n", "room.yaml", "room", Room, {}) for _ in range(2)]

    assert [{"high": 30.0}] * 2 == [each.limits for each in found]
    assert ["room.yaml:2: top is called limits.high now; the old name is read for this version"] == caplog.messages


def test_both_names_at_once_are_a_fault() -> None:
    """Which one counts would be a guess."""
    with pytest.raises(
        ConfigError, match=r"room\.yaml:1: top: is called limits\.high now, and that is there as well; keep it"
    ):
        parse_settings("top: 30\nlimits: {high: 31}\n", "room.yaml", "room", Room, {})


def test_a_key_moves_from_one_mapping_to_another() -> None:
    """And what does not stand there is not made."""
    data = {"heat": {"max": 30, "min": 5}}
    assert [(("heat", "max"), ("limits", "high"))] == list(renamed(data, TABLE))
    assert {"heat": {"min": 5}, "limits": {"high": 30}} == data
    assert [] == list(renamed({"heat": None}, TABLE))


def test_a_key_of_every_entry_moves() -> None:
    """Of a list and of a mapping, each to its own entry's new place."""
    table = {("devices", EACH, "heat"): ("devices", EACH, "limits", "high"), ("rooms", EACH, "top"): ("tops", EACH)}
    data = {"devices": [{"heat": 1}, {"name": "b"}, {"heat": 2}], "rooms": {"attic": {"top": 30}, "cellar": None}}
    assert [
        (("devices", 0, "heat"), ("devices", 0, "limits", "high")),
        (("devices", 2, "heat"), ("devices", 2, "limits", "high")),
        (("rooms", "attic", "top"), ("tops", "attic")),
    ] == list(renamed(data, table))
    assert [{"limits": {"high": 1}}, {"name": "b"}, {"limits": {"high": 2}}] == data["devices"]
    assert {"attic": 30} == data["tops"]


def test_an_old_name_in_the_environment_counts(caplog: pytest.LogCaptureFixture) -> None:
    """It is over the file, under either name there."""
    with caplog.at_level(logging.WARNING):
        found = parse_settings("limits: {high: 30}", "room.yaml", "room", Room, {"UPSKEEP_ROOM__TOP": "31"})

    assert {"high": 31.0} == found.limits
    notice = "UPSKEEP_ROOM__TOP: top is called limits.high now; the old name is read for this version"
    assert [notice] == caplog.messages


def test_upskeep_check_prints_the_notice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """On stderr, and the configuration is good."""
    monkeypatch.setattr(settings, "RENAMED", {"suite": {("place",): ("site",)}})
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # as in a command: pytest's own are not there
    (tmp_path / "suite.yaml").write_text("defaults: shipped\nplace: attic\n")

    done = CliRunner().invoke(cli, ["check", "--config", str(tmp_path)])

    assert 0 == done.exit_code
    assert f"{tmp_path}/suite.yaml:2: place is called site now" in done.stderr
