"""The commands ``calibrate`` and ``uncalibrate``: what they make of a reader's frames, and what they refuse."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.sensor_reader.core.ports import ClockMark, Instant
from services.sensor_reader.service import SensorReader
from shared.delivery.handler import InMemoryPublisher, RefusedError
from shared.ledger import Ledger
from shared.messages import Frame
from shared.requests import Command
from upskeep.playback.backtest import backtest

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
CONFIG = Path(__file__).parents[3] / "config"


class Attic:
    """A live feed of one thermometer that says ``celsius``; and a machine whose clock goes with ``up_s``."""

    name = "i2c"
    has_life = False
    live = True

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.celsius: float | None = 20.0
        self.up_s = 0.0
        self.outlet = InMemoryPublisher()
        self.start()

    def start(self) -> None:
        self.handler = SensorReader(self, self.ledger, self.outlet, "b1", self)
        self.handler.begin(NOON)

    # the clock
    def read(self) -> Instant:
        mark: ClockMark = "set"
        return Instant(NOON + timedelta(seconds=self.up_s), self.up_s, mark)

    # the feed
    def open(self, stored: object, now: datetime) -> None: ...
    def place(self) -> None: ...
    def next_due(self) -> float:
        return 0.0

    def poll(self, now: float, time: datetime, limit: int) -> list[Frame]:  # noqa: ARG002
        values: dict[str, float] = {} if self.celsius is None else {"air_temperature": self.celsius}
        return [Frame(time=time, device="attic", values={**values, "door": True})]

    # what a test does
    def next_poll(self, after_s: float = 1.0) -> list[Frame]:
        """Return what is emitted by a poll, after what was emitted before."""
        self.up_s += after_s
        self.handler.step(0.0, NOON)
        return [message for message in self.outlet.drain() if isinstance(message, Frame)]

    def say(self, name: str = "calibrate", **data: Any) -> dict[str, Any]:
        spot = {"device": "attic", "channel": "air_temperature"}
        command = Command(id=name, target="sensor_reader", name=name, by="ada", data=spot | data)
        with self.ledger.transaction():
            return dict(self.handler.execute(command))

    def shown(self, celsius: float) -> object:
        """Return what the reader tells where the sensor says ``celsius``."""
        self.celsius = celsius
        return self.next_poll()[-1].values["air_temperature"]


@pytest.fixture
def attic() -> Iterator[Attic]:
    with closing(Ledger(":memory:")) as ledger:
        yield Attic(ledger)


def test_a_reference_beside_the_sensor_now_is_an_offset(attic: Attic) -> None:
    attic.next_poll()
    attic.say(reference=21.5)
    assert [21.5, 11.5] == [attic.shown(20.0), attic.shown(10.0)]


def test_a_second_reference_makes_a_line_also_when_the_first_is_in_force(attic: Attic) -> None:
    """What counts is what the sensor says, not what has been made of it."""
    attic.next_poll()
    attic.say(reference=21.0)
    attic.shown(30.0)
    attic.say(reference=32.0)
    assert [21.0, 26.5, 32.0, 43.0] == [attic.shown(c) for c in (20.0, 25.0, 30.0, 40.0)]


def test_a_frame_holds_what_was_read_too(attic: Attic) -> None:
    attic.next_poll()
    attic.say(reference=21.5)
    frame = attic.next_poll()[-1]
    assert ({"air_temperature": 20.0}, True) == (frame.uncalibrated, frame.values["door"])


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"offset": -0.5}, 19.5),
        ({"gain": 1.1, "offset": 1.0}, 23.0),
        ({"pairs": [[30, 31], [10, 10.5]]}, 20.75),
        ({"reference": 15.0, "read": 16.0}, 19.0),
    ],
    ids=["offset", "gain and offset", "pairs", "a reference of another time"],
)
def test_there_are_four_ways_to_say_it(attic: Attic, said: dict[str, Any], shown: float) -> None:
    attic.say(**said)
    assert shown == attic.shown(20.0)


def test_anew_forgets_the_pairs_there_were(attic: Attic) -> None:
    attic.say(pairs=[[0, 5], [40, 40]])
    attic.next_poll()
    assert [[20.0, 20.5]] == attic.say(reference=20.5, anew=True)["pairs"]


def test_who_and_when_and_what_are_kept_and_reported(attic: Attic) -> None:
    attic.next_poll()
    attic.say(reference=21.0, due_days=365)
    (told, _) = attic.next_poll()
    kept = attic.handler.answer("calibrations", {})["calibrations"]
    at = (NOON + timedelta(seconds=1)).isoformat()
    about = {"device": "attic", "channel": "air_temperature", "by": "ada"}
    assert [{**about, "pairs": [[20.0, 21.0]], "at": at, "due_days": 365.0}] == kept
    assert ("system", "performed", "attic", "ada", "20→21") == (
        told.device, *(told.values[name] for name in ("calibration", "sensor_id", "by", "pairs")),
    )  # fmt: skip


def test_it_is_in_force_after_a_restart_and_gone_after_uncalibrate(attic: Attic) -> None:
    attic.say(offset=1.0)
    attic.start()
    assert 21.0 == attic.shown(20.0)
    attic.say("uncalibrate")
    attic.start()
    assert 20.0 == attic.shown(20.0)


def test_an_overdue_calibration_is_reported_once_a_day_and_not_after_a_restart_again(attic: Attic) -> None:
    attic.say(offset=1.0, due_days=30)
    attic.next_poll()
    assert [] == _due(attic.next_poll(29 * 86_400))
    assert [1.0] == _due(attic.next_poll(2 * 86_400))
    attic.start()
    assert [] == _due(attic.next_poll(3600))
    assert [2.0] == [round(days) for days in _due(attic.next_poll(86_400))]


def _due(frames: list[Frame]) -> list[Any]:
    return [round(f.values["days_overdue"], 1) for f in frames if f.values.get("calibration") == "due"]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("celsius", "after_s", "said", "words"),
    [
        (20.0, 61.0, {"reference": 1.0}, "nothing was read of it within 60 s; give read as well"),
        (None, 0.0, {"reference": 1.0}, "attic air_temperature: the last frame has no such number; it has none"),
        (20.0, 0.0, {"reference": 1.0, "channel": "door"}, "has no such number; it has air_temperature"),
        (20.0, 0.0, {"pairs": [[1, 2], [2, 1]]}, "of two pairs the one that read more must be more"),
    ],
    ids=["too old", "nothing read", "not a number", "pairs that fall"],
)
def test_what_cannot_be_is_refused_with_why(
    attic: Attic, celsius: float | None, after_s: float, said: dict[str, Any], words: str
) -> None:
    attic.celsius = celsius
    attic.next_poll()
    attic.up_s += after_s
    with pytest.raises(RefusedError, match=words):
        attic.say(**said)
    assert [] == attic.handler.answer("calibrations", {})["calibrations"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({}, "say one of: reference"),
        ({"reference": 1.0, "offset": 1.0}, "say one of: reference"),
        ({"offset": 1.0, "read": 2.0}, "read goes with reference"),
        ({"gain": 0}, "greater than 0"),
        ({"reference": 1.0, "refrence": 2.0}, "Extra inputs are not permitted"),
        ({"reference": float("nan")}, "finite"),
    ],
)
def test_what_is_mistyped_is_named(attic: Attic, said: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        attic.say(**said)


def test_what_is_played_is_not_calibrated(attic: Attic) -> None:
    attic.live = False
    attic.next_poll()
    with pytest.raises(RefusedError, match="only hardware is calibrated"):
        attic.say(offset=1.0)


def test_both_tellings_become_their_events(attic: Attic, tmp_path: Path) -> None:
    """By the rules as shipped, each once, with all there is to know."""
    attic.next_poll()
    attic.say(reference=21.0, due_days=1)
    frames = [*attic.next_poll(), *attic.next_poll(2 * 86_400)]
    recording, out = tmp_path / "attic.jsonl", tmp_path / "events.jsonl"
    recording.write_text("".join(frame.model_dump_json() + "\n" for frame in frames), encoding="utf-8")
    backtest((recording,), CONFIG, os.environ, out)
    events = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    found = {event["type"]: event["data"] for event in events if "calib" in event["type"].lower()}
    assert ["CALIBRATION_PERFORMED", "sensor.maintenance.calibration_due"] == sorted(found)
    assert ("attic", "ada") == tuple(found["CALIBRATION_PERFORMED"][name] for name in ("sensor_id", "by"))
    assert 1.0 == found["sensor.maintenance.calibration_due"]["days_overdue"]
