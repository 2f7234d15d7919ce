"""The recordings and every scenario of the simulator, to the event: ``tests/golden/events/*.txt``.

To look at a change: ``UPSKEEP_GOLDEN=write make test ARGS=tests/unit/event_processor/test_golden.py``, then git diff.
A line is an event: seconds since the first frame, device, type, and what it says. Readings of sensors are left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

from services.event_processor.core.catalogue.data_shapes import mismatches
from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.process import process_frame
from services.event_processor.settings import load
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.sources.feed import SourcePosition
from services.sensor_reader.settings import Configuration
from services.sensor_reader.settings import load as load_reader
from shared.messages import Event, Frame
from tests.support.scenarios import CONFIG, SHIPPED, recorded

GOLDEN = Path(__file__).resolve().parents[2] / "golden" / "events"
BOARDS = ("geekworm_x1201", "waveshare_ups_hat_b")
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
PLAYED = [
    (name, board)
    for name, script in SCENARIOS.items()
    if not script.devices
    for board in ((script.board,) if script.board else BOARDS)
]
IN_A_ROOM = [name for name, script in SCENARIOS.items() if script.devices]
KINDS = ("temperature", "humidity", "vpd", "co2", "illuminance", "soil_moisture", "pressure")
OF_NO_BUS = {"frozen", "implausible"}
READINGS = tuple(f"sensor.{kind}" for kind in KINDS)


def played(scenario: str, board: str) -> Iterable[Frame]:
    """Yield the frames of one playing."""
    environ = {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": board}
    configuration: Configuration = load_reader(CONFIG, environ)
    script = SCENARIOS[scenario]
    for item in Simulation(script, script.devices or configuration.simulated(script.step_s)).items(
        SourcePosition(0, START)
    ):
        assert isinstance(item.content, Frame)
        yield item.content


def events_of(frames: Iterable[Frame], board: str = "") -> list[Event]:
    """Return all events of frames of any devices."""
    environ = {"UPSKEEP_SENSOR_READER__SIMULATION__BOARD": board, "UPSKEEP_SOURCE": "sim:any"} if board else {}
    compiled = load(CONFIG, environ) if board else SHIPPED
    memories: dict[str, Memory] = {}
    events: list[Event] = []
    for frame in frames:
        outcome = process_frame(compiled, memories.get(frame.device, NOTHING), frame)
        memories[frame.device] = outcome.memory
        events += outcome.events
    return events


@cache
def story(scenario: str, board: str) -> tuple[list[Event], list[datetime]]:
    """Return the events of one playing, and when a poll failed; a playing is kept no longer than it is gone through."""
    failed: list[datetime] = []

    def seen() -> Iterator[Frame]:
        for frame in played(scenario, board):
            if {error.code for error in frame.errors} - OF_NO_BUS:
                failed.append(frame.time)
            yield frame

    return events_of(seen(), board), failed


def lines(events: Iterable[Event], first: datetime) -> list[str]:
    """Return an event a line."""
    return [
        f"{(event.time - first).total_seconds():>9.1f} {event.device} {event.type} {_words(event)}"
        for event in events
        if event.type not in READINGS
    ]


def _words(event: Event) -> str:
    """Return an event's data; of errors the codes only, their wording is the reader's."""
    data = event.data | (
        {"errors": [error["code"] for error in event.data["errors"]]} if "errors" in event.data else {}
    )
    return json.dumps(data, ensure_ascii=False)


def hold(name: str, found: list[str]) -> None:
    """Hold lines against the golden file, or write it where that is asked for."""
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("UPSKEEP_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
    assert path.exists(), f"no golden file for {name}: write it with UPSKEEP_GOLDEN=write, and read it"
    assert path.read_text(encoding="utf-8").splitlines() == found


@pytest.mark.parametrize(("scenario", "board"), PLAYED)
def test_a_scenario_makes_exactly_its_events(scenario: str, board: str):
    """On a board with a gauge and a mains line, and on one that knows only voltage and current, or on its own."""
    events, _ = story(scenario, board)

    assert [] == [wrong for e in events for wrong in mismatches(SHIPPED.catalogue[e.type].data, (), e.data)]
    hold(f"{scenario}.{board}", lines(events, START))


@pytest.mark.parametrize("scenario", IN_A_ROOM)
def test_a_room_makes_exactly_its_events(scenario: str):
    """Gas, heat and damp, each told once and over once; and a reading for every sensor and look."""
    events = events_of(played(scenario, BOARDS[0]), BOARDS[0])

    assert [] == [wrong for e in events for wrong in mismatches(SHIPPED.catalogue[e.type].data, (), e.data)]
    hold(scenario, lines(events, START))


@pytest.mark.parametrize(("scenario", "board"), PLAYED)
def test_each_failed_poll_is_one_i2c_error(scenario: str, board: str):
    """Not one a retry, and not one a chip; a frozen chip has not failed, nor has one whose value cannot be."""
    events, failed = story(scenario, board)

    assert failed == [event.time for event in events if event.type == "I2C_ERROR"]


@pytest.mark.recordings
@pytest.mark.parametrize("name", ["ups_hat_discharge_2021", "room_climate_2015"])
def test_a_recording_makes_exactly_its_events(name: str, recording: Callable[[str], Path]):
    """The discharge crosses 3.6 V 27 times and is one BATTERY_LOW."""
    frames = list(recorded(recording(f"{name}.csv"), "ups" if name.startswith("ups") else "room"))

    hold(name, lines(events_of(frames), frames[0].time))


def test_every_golden_file_is_held_against_something():
    """None is left over."""
    scenarios = (f"{scenario}.{board}" for scenario, board in PLAYED)
    names = {*chain(scenarios, IN_A_ROOM, ("ups_hat_discharge_2021", "room_climate_2015"))}

    assert names == {path.stem for path in GOLDEN.glob("*.txt")}


@pytest.mark.parametrize("scenario", ["outage", "brownout"])
def test_a_replay_of_the_day_is_equal_to_the_day(scenario: str):
    """Field for field, ids included."""
    assert events_of(played(scenario, BOARDS[1])) == events_of(played(scenario, BOARDS[1]))
