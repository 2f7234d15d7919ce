"""Event time of several readers, and times that nobody believes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from shared.delivery.endpoint import Endpoint
from shared.delivery.event_time import EventTime
from shared.delivery.records import Records
from shared.delivery.route import Route
from shared.ledger import Ledger
from shared.messages import Event, Frame, Status, StreamEnds
from tests.unit.shared.test_wire import NOW, Applied, Scene, frame


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def read(producer: str, seconds: float, **values: Any) -> Frame:
    return Frame(producer=producer, epoch="e", seq=1, time=at(seconds), device=f"ups-{producer}", values=values)


@pytest.fixture
def records() -> Iterator[Records]:
    with closing(Ledger(":memory:")) as ledger:
        yield Records(ledger)


def test_a_step_of_one_readers_clock_moves_nothing_of_the_other(records: Records) -> None:
    """The one that was an hour behind is put right, and the one that was ahead is put back."""
    time = EventTime(records)
    time.observe(read("a", 0))
    time.observe(read("b", -3600))
    assert at(0) == time.now
    time.observe(read("b", 1, clock_step_s=3601.0))
    assert at(1) == time.now
    time.observe(read("a", 3600, clock_step_s=3600.0))
    assert at(3600) == time.now
    time.observe(read("a", 2, clock_step_s=-3598.0))
    assert at(2) == time.now
    time.observe(read("b", 3))
    assert at(3) == time.now


def test_a_late_frame_moves_no_time_back(records: Records) -> None:
    """Within one reader, and from one reader to the next."""
    time = EventTime(records)
    time.observe(read("a", 10))
    time.observe(read("a", 5))
    time.observe(read("b", 7))
    assert at(10) == time.now


def test_the_times_of_all_readers_survive_a_restart(records: Records) -> None:
    """The one that is ahead may be put back after it."""
    time = EventTime(records)
    time.observe(read("a", 0))
    time.observe(read("b", 3600))
    time.save()
    again = EventTime(records)
    assert at(3600) == again.now
    again.observe(read("b", 1, clock_step_s=-3599.0))
    assert at(1) == again.now


def test_a_ledger_of_before_follows_a_jump_back(records: Records) -> None:
    """It has one time for all readers."""
    records.save_value("event_time", at(3600).isoformat())
    time = EventTime(records)
    time.observe(read("a", 0, clock_step_s=-3600.0))
    assert at(0) == time.now


def promised(seconds: float, head: int) -> Status:
    ends = {"event": StreamEnds(floor=1, head=head)}
    return Status(service="event_processor", state="online", epoch="e", event_time=at(seconds), streams=ends)


def jump(seq: int, **data: Any) -> Event:
    return Event(
        id=str(seq), type="CLOCK_JUMP", category="system", severity="info", time=NOW, site="home", epoch="e", seq=seq,
        data={"step_s": -3600.0, **data},
    )  # fmt: skip


def test_a_jump_of_one_reader_among_several_moves_no_window_and_the_next_promise_counts(records: Records) -> None:
    """That reader was ahead: time goes back to where the others are, and only by the processor's word."""
    time = EventTime(records)
    time.promise(promised(3600, 1))
    assert at(3600) == time.reach(lambda *_: True)
    time.jump(jump(2, alone=False))
    assert at(3600) == time.now
    time.promise(promised(3600, 1))  # of before the jump
    assert time.reach(lambda *_: True) is None
    time.promise(promised(5, 2))
    assert at(5) == time.reach(lambda *_: True)
    time.promise(promised(4, 2))
    assert time.reach(lambda *_: True) is None


def test_a_jump_of_the_only_reader_moves_what_has_been_reached(records: Records) -> None:
    """As ever."""
    time = EventTime(records)
    time.promise(promised(3600, 1))
    time.reach(lambda *_: True)
    time.jump(jump(2))
    assert at(0) == time.now


# ---- times that nobody believes


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with ExitStack() as stack:
        yield Scene(tmp_path, stack)


FAR = "2200-01-01T00:00:00Z"  # a message may say so
BEYOND = "9000-01-01T00:00:00Z"  # no message may
UNBELIEVED = "its time 2200-01-01T00:00:00+00:00 is more than 24 h ahead of this host's clock"
OUT_OF_BOUNDS = "the time is before the year 1970 or after 2261 in UTC"
PROCESSOR = Route("event_processor", consumes=("raw",), produces={"event": ("counter_store",)}, consumes_offers=True)


class Offered(Applied):
    """A handler that keeps offers too."""

    def offer(self, producer: str, message: Any, received_on: str, payload: bytes) -> None:  # noqa: ARG002
        self.applied.append(message)


def start(scene: Scene, route: Route) -> tuple[Endpoint, Offered]:
    endpoint, _ = scene.start(route, handler=Offered())
    handler = endpoint.handlers.stream
    assert isinstance(handler, Offered)
    return endpoint, handler


@pytest.mark.parametrize(("far", "reason"), [(FAR, UNBELIEVED), (BEYOND, OUT_OF_BOUNDS)])
def test_a_frame_of_a_far_year_is_set_aside_and_moves_nothing(scene: Scene, far: str, reason: str) -> None:
    """It has its place, so the stream goes on after it."""
    endpoint, handler = start(scene, PROCESSOR)
    for seq, time in ((1, NOW.isoformat()), (2, far), (3, at(1).isoformat())):
        scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(seq=seq, time=time))

    assert [1, 3] == [message.seq for message in handler.applied]
    assert at(1) == endpoint.time.now
    (letter,) = scene.letters()
    assert reason in letter


def test_a_simulation_may_be_of_any_time_that_a_message_may_say(scene: Scene) -> None:
    """Its frames say so themselves, and the status that promises their time says so too."""
    endpoint, handler = start(scene, PROCESSOR)
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(time=FAR, simulated=True))

    assert 1 == len(handler.applied)
    assert (2200, True) == (endpoint.status().event_time.year, endpoint.status().simulated)  # type: ignore[union-attr]


def test_a_simulation_beside_services_that_are_no_readers_may_be_of_any_time(scene: Scene) -> None:
    """The climate control has a stream of its own, and no say over a reader's time."""
    route = Route(
        "event_processor",
        consumes=("raw", "offer"),
        produces={"event": ("counter_store",)},
        consumes_offers=True,
    )
    endpoint, handler = start(scene, route)
    offer = {"producer": "climate_controller", "epoch": "e", "seq": 1, "id": "1", "type": "X"}
    scene.say(endpoint, "wire/climate_controller/stream/offer", offer)
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame(time=FAR, simulated=True))

    assert 2 == len(handler.applied)


def test_a_simulation_beside_another_reader_moves_no_time_of_that_one(scene: Scene) -> None:
    """Whoever may be a reader could else move event time by saying so."""
    endpoint, handler = start(scene, PROCESSOR)
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame())
    scene.say(endpoint, "wire/sensor_reader-b/stream/raw", frame("sensor_reader-b", time=FAR, simulated=True))

    assert 1 == len(handler.applied)
    assert NOW == endpoint.time.now


@pytest.mark.parametrize("far", [FAR, BEYOND])
def test_an_offer_of_a_far_year_is_refused(scene: Scene, far: str) -> None:
    """Anybody may offer."""
    endpoint, handler = start(scene, PROCESSOR)
    scene.say(endpoint, "ingest/script", {"type": "X", "time": far})
    scene.say(endpoint, "ingest/script", {"type": "X", "time": at(3600).isoformat()})

    assert 1 == len(handler.applied)
    assert 1 == len(scene.letters())


@pytest.mark.parametrize(
    ("far", "simulated", "reached"),
    [(FAR, False, None), (FAR, True, 2200), (BEYOND, False, None), (BEYOND, True, None)],
)
def test_a_promise_of_a_far_year_moves_nothing_unless_it_is_of_a_simulation(
    scene: Scene, far: str, simulated: bool, reached: int | None
) -> None:
    """Whoever may write that status."""
    endpoint, _ = start(scene, Route("counter_store", consumes=("event",)))
    status = {"service": "event_processor", "state": "online", "epoch": "e", "event_time": far}
    scene.say(
        endpoint, "status/event_processor",
        status | {"streams": {"event": {"floor": 1, "head": 0}}, "simulated": simulated},
    )  # fmt: skip

    assert reached == (endpoint.time.now.year if endpoint.time.now else None)
    assert (0 if reached else 1) == len(scene.letters())


def test_a_clock_that_has_not_been_set_refuses_nothing(scene: Scene) -> None:
    """A Pi without a battery for its clock starts in 1970, and what it is told is right."""
    scene.wall = datetime(1970, 1, 1, tzinfo=UTC)
    endpoint, handler = start(scene, PROCESSOR)
    scene.say(endpoint, "wire/sensor_reader/stream/raw", frame())

    assert 1 == len(handler.applied)
