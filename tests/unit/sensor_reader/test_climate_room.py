"""The room that answers: orders in, air out, by a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest

from services.sensor_reader.adapters.simulated.climate_room import FRAME_S, ClimateRoomFeed
from services.sensor_reader.adapters.sources.open_source import Options, SourceError, open_source
from services.sensor_reader.core.polling.power_cut_command import CutError
from shared.actuation import Outgoing
from shared.climate.room_presets import PRESETS
from shared.messages import Frame
from tests.unit.sensor_reader.test_open_source import SHIPPED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Wire:
    """Orders that wait, and what the actuators said."""

    def __init__(self) -> None:
        self.orders: list[Outgoing] = []
        self.sent: list[Outgoing] = []

    def open(self) -> None:
        """Nothing to open."""

    def heard(self) -> Iterable[Outgoing]:
        """The orders, once."""
        orders, self.orders = self.orders, []
        return orders

    def send(self, reports: Iterable[Outgoing]) -> None:
        """Keep it."""
        self.sent += reports

    def close(self) -> None:
        """Nothing to close."""


class Tent:
    """The feed of a tent with its clock."""

    def __init__(self) -> None:
        self.wire, self.now = Wire(), 100.0
        self.feed = ClimateRoomFeed(PRESETS["tent"], self.wire)
        self.feed.open(None, NOON)
        self.frames: list[Frame] = []

    def order(self, level: float, lease_s: float = 60.0) -> None:
        """Order the fan."""
        payload = {"level": level, "command": "c1", "lease_s": lease_s, "safe": 0}
        self.wire.orders.append(Outgoing("sim/fan/set", json.dumps(payload).encode()))

    def go(self, seconds: int) -> None:
        """Let seconds pass, one by one."""
        for _ in range(seconds):
            self.now += 1.0
            taken = self.feed.poll(self.now, NOON + timedelta(seconds=self.now), 500)
            self.frames += [each for each in taken if isinstance(each, Frame)]

    def humidity(self) -> float:
        """The room's newest."""
        return float(str([each for each in self.frames if each.device == "climate"][-1].values["relative_humidity"]))


def test_the_sensors_show_the_room_and_the_air_outside() -> None:
    """Every ten seconds, in channels that the suite knows."""
    tent = Tent()
    tent.go(60)
    assert {"climate", "outside"} == {frame.device for frame in tent.frames}
    assert 2 * 60 / FRAME_S == len(tent.frames)
    assert {"air_temperature", "relative_humidity"} == set(tent.frames[0].values)
    assert tent.feed.place() is None
    assert tent.feed.next_due() == tent.now + 1


def test_the_air_follows_what_the_fan_is_ordered() -> None:
    """A fan on dries the tent by four percent in five minutes; without it plants make it damper."""
    still, vented = Tent(), Tent()
    for _ in range(10):
        vented.order(1.0)
        vented.go(30)
        still.go(30)
    assert vented.humidity() < still.humidity() - 3
    assert {"fan": 1.0} == vented.feed.levels


def test_a_lease_that_nobody_renews_lapses() -> None:
    """And the actuator says so."""
    tent = Tent()
    tent.order(1.0, lease_s=20)
    tent.go(10)
    assert {"fan": 1.0} == tent.feed.levels
    tent.wire.sent.clear()
    tent.go(15)
    assert {"fan": 0.0} == tent.feed.levels
    assert {"level": 0.0, "power_w": 0.0} in [json.loads(each.payload) for each in tent.wire.sent]


def test_foreign_bytes_change_nothing() -> None:
    """Orders are no more trusted than anything else."""
    tent = Tent()
    for payload in (b"", b"[]", b"null", b'{"level":"x"}', b'{"level":NaN,"command":"c"}', b"\xff" * 100,
                    b'{"level":1,"command":"c","lease_s":1e999}', b'{"level":1,"command":"c","lease_s":NaN}',
                    b"[" * 100_000):  # fmt: skip
        tent.wire.orders.append(Outgoing("sim/fan/set", payload))
    tent.go(5)
    assert {"fan": 0.0} == tent.feed.levels


def test_a_room_is_a_source_at_real_speed_alone() -> None:
    """A loop with services that go by the clock cannot be played faster."""
    opened = open_source("sim:tent", SHIPPED, Options(), lambda _: None, 0.0)
    assert "sim:tent" == opened.feed.name
    opened.close()
    with pytest.raises(SourceError, match="at speed 1"):
        open_source("sim:tent", SHIPPED, Options(speed=5.0), lambda _: None, 0.0)
    with pytest.raises(SourceError, match="no such scenario"):
        open_source("sim:tend", SHIPPED, Options(), lambda _: None, 0.0)
    with pytest.raises(CutError):
        opened.feed.cut_power("climate", 5)
