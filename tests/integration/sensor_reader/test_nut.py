"""Debian's ``upsd`` with ``dummy-ups``, read live beside other devices, and what the event rules make of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest

from services.sensor_reader.adapters.sources.open_source import OpenedSource, Options, open_source
from services.sensor_reader.settings import load
from shared.messages import Frame, Quality
from tests.conftest import Require
from tests.support.nut.upsd import MAX_AGE_S, UPS, Upsd, nut_program
from tests.support.scenarios import run

pytestmark = pytest.mark.nut
OUTAGE = """ups.status: OL
battery.charge: 100
TIMER 3
ups.status: OB DISCHRG
battery.charge: 40
TIMER 4
ups.status: OB DISCHRG LB
battery.charge: 15
TIMER 3
ups.status: OL CHRG
battery.charge: 16
TIMER 600
"""
CONFIG = """
devices:
  - {{name: rack_ups, zone: attic, interval_s: 0.25, nut: {{ups: rack, port: {port}, timeout_s: 1.5}}}}
  - {{name: host, host: true, interval_s: 0.25}}
"""
BOARDS = "boards: {geekworm_x1201: {title: t, cells: 1, chemistry: li_ion, chips: [{chip: max17043, address: 0x36}]}}"


@pytest.fixture
def upsd(require: Require, tmp_path: Path) -> Iterator[Upsd]:
    """A running server and driver."""
    for program in ("upsd", "dummy-ups"):
        require.that(nut_program(program), f"NUT's {program} (nut-server) is not installed here")
    require.program("upsc")
    server = Upsd(tmp_path / "nut")
    server.start()
    yield server
    server.thaw()
    server.wake()
    server.end()


@pytest.fixture
def source(upsd: Upsd, tmp_path: Path) -> Iterator[OpenedSource]:
    """The hardware source, with this server's UPS and the host."""
    (tmp_path / "sensor_reader.yaml").write_text(CONFIG.format(port=upsd.port))
    (tmp_path / "boards.yaml").write_text(BOARDS)
    opened = open_source("i2c", load(tmp_path, {}), Options(dev=tmp_path), lambda _: None, monotonic())
    yield opened
    opened.close()


def frames_until(source: OpenedSource, holds: Callable[[list[Frame]], object], within_s: float = 120.0) -> list[Frame]:
    """Poll as the service does until the UPS's frames are as wanted; return all frames."""
    deadline = monotonic() + within_s
    frames: list[Frame] = []
    while not holds([frame for frame in frames if frame.device == "rack_ups"]):
        assert monotonic() < deadline, [(f.quality, dict(f.values), f.errors) for f in frames[-6:]]
        if (source.feed.next_due() or 0) <= monotonic():
            taken = source.feed.poll(monotonic(), datetime.now(UTC), 10)
            frames += [frame for frame in taken if isinstance(frame, Frame)]
    return frames


def of_the_ups(frames: list[Frame]) -> list[Frame]:
    """Leave out the host's."""
    return [frame for frame in frames if frame.device == "rack_ups"]


def test_a_scripted_outage_is_counted_once(upsd: Upsd, source: OpenedSource) -> None:
    """OL, OB, OB LB, OL by dummy-ups' own clock: one loss, one low battery, one return, and nothing else of power."""
    upsd.play(OUTAGE)

    def played(frames: list[Frame]) -> bool:
        last = [frame.values.get("charging") for frame in frames[-40:]]
        return last == [True] * 40  # ten seconds back on line

    frames = of_the_ups(frames_until(source, played))
    events = [event for event in run(frames)[0] if not event.type.startswith("sensor.")]

    assert {"AC_POWER_LOSS": 1, "BATTERY_LOW": 1, "AC_POWER_RESTORED": 1, "CHARGING_STARTED": 1} == Counter(
        event.type for event in events
    )
    assert ["AC_POWER_LOSS", "BATTERY_LOW"] == [event.type for event in events[:2]]
    assert ("battery_low", 15.0) == (events[1].data["source"], events[1].data["state_of_charge"])
    assert {Quality.GOOD} == {frame.quality for frame in frames}
    assert {"attic"} == {frame.zone for frame in frames}


def test_a_frozen_driver_makes_stale_frames_and_no_loss_of_power(upsd: Upsd, source: OpenedSource) -> None:
    """Beyond MAXAGE nothing is known: no values, nothing carried over, no AC_POWER_LOSS; then it goes on."""
    before = frames_until(source, lambda frames: frames and frames[-1].values.get("ac_present"))
    upsd.freeze()
    frozen = frames_until(source, lambda frames: [f.quality for f in frames[-12:]] == [Quality.STALE] * 12)
    upsd.thaw()
    after = frames_until(source, lambda frames: frames and frames[-1].quality is Quality.GOOD)
    stale = [frame for frame in of_the_ups(frozen) if frame.quality is Quality.STALE]
    good = [frame for frame in of_the_ups(frozen) if frame.quality is Quality.GOOD]

    assert all(not frame.values and [error.code for error in frame.errors] == ["stale"] for frame in stale)
    assert (good[-1].time - good[0].time).total_seconds() < MAX_AGE_S + 5
    assert "AC_POWER_LOSS" not in {event.type for event in run(of_the_ups(before + frozen + after))[0]}


def test_a_killed_driver_is_one_error_a_poll(upsd: Upsd, source: OpenedSource) -> None:
    """Bad and empty, asked less and less often, and read again when the driver is back."""
    frames_until(source, lambda frames: frames and frames[-1].values.get("ac_present"))
    upsd.lose_driver()
    lost = frames_until(source, lambda frames: [f.quality for f in frames[-4:]] == [Quality.BAD] * 4)
    upsd.regain_driver()
    frames_until(source, lambda frames: frames and frames[-1].values.get("ac_present"))
    bad = [frame for frame in of_the_ups(lost) if frame.quality is Quality.BAD]

    if bad[0].errors[0].code == "missing":  # for a moment upsd tries the driver's old socket, and says WAIT meanwhile
        bad = bad[1:]

    assert {(("nack", f"nut:{UPS}@127.0.0.1"),)} == {tuple((e.code, e.chip) for e in f.errors) for f in bad}
    assert {True} == {"DRIVER-NOT-CONNECTED" in frame.errors[0].detail for frame in bad}
    assert not any(frame.values for frame in of_the_ups(lost) if frame.quality is Quality.BAD)


def test_a_server_that_hangs_holds_up_nobody(upsd: Upsd, source: OpenedSource) -> None:
    """The host is polled four times a second all the while."""
    frames_until(source, lambda frames: frames and frames[-1].values.get("ac_present"))
    upsd.hang()
    frames = frames_until(source, lambda frames: sum(f.quality is Quality.BAD for f in frames) == 3)
    upsd.wake()
    times = [frame.time for frame in frames if frame.device == "host"]
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]

    assert ["timeout"] * 3 == [e.code for f in of_the_ups(frames) if f.quality is Quality.BAD for e in f.errors]
    assert len(gaps) >= 8
    assert sorted(gaps)[len(gaps) // 2] < 0.3  # s; the median, for machines that are busy otherwise


def test_a_ups_never_heard_from_is_unknown(upsd: Upsd, source: OpenedSource) -> None:
    """No event of power, whatever the server says first; NUT's own monitor takes such a UPS to be on line."""
    upsd.stop()
    silent = frames_until(source, lambda frames: len(frames) >= 3)
    upsd.show(ups__status="OB DISCHRG")
    upsd.restart()
    back = frames_until(source, lambda frames: sum(f.values.get("ac_present") is False for f in frames) >= 12)
    first = [event for event in run(of_the_ups(silent + back))[0] if event.type.startswith("AC_")]

    assert all("ac_present" not in frame.values for frame in silent)
    assert ["AC_POWER_LOSS"] == [event.type for event in first]
