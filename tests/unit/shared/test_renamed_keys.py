"""Keys that have another name now: read, moved, and said with file and line."""

from __future__ import annotations

import logging

import pytest
from pydantic import Field

from shared import settings
from shared.renamed_keys import renamed
from shared.settings import ConfigError, Settings, parse_settings


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
    with pytest.raises(ConfigError, match=r"room\.yaml:1: top: unknown key"):
        parse_settings("top: 30\nlimits: {high: 31}\n", "room.yaml", "room", Room, {})


def test_a_key_moves_from_one_mapping_to_another() -> None:
    """And what does not stand there is not made."""
    data = {"heat": {"max": 30, "min": 5}}
    assert [(("heat", "max"), ("limits", "high"))] == list(renamed(data, TABLE))
    assert {"heat": {"min": 5}, "limits": {"high": 30}} == data
    assert [] == list(renamed({"heat": None}, TABLE))
