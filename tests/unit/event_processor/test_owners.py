"""Device names are unique in a site, and there may be so many: what becomes of those that are not, or are too many."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import count

import pytest

from services.event_processor.core.device.owners import TAKEOVER_S, DeviceOwners
from services.event_processor.core.pipeline.plan import PipelinePlan
from services.event_processor.service import EventProcessor
from services.event_processor.settings.pipeline import load_plan
from shared.delivery.handler import InMemoryPublisher, RefusedError
from shared.incidents import Incident
from shared.ledger import Ledger
from shared.messages import Event, Frame
from shared.requests import Command
from tests.support.scenarios import CONFIG, SHIPPED, START, at, frame, series


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger in memory."""
    opened = Ledger(":memory:")
    yield opened
    opened.close()


def read(producer: str, frames: list[Frame]) -> list[Frame]:
    """Return the frames as one reader sends them."""
    return [
        item.model_copy(update={"producer": producer, "epoch": "e", "seq": seq})
        for seq, item in zip(count(1), frames, strict=False)
    ]


def play(
    ledger: Ledger, frames: list[Frame], plan: PipelinePlan | None = None
) -> tuple[EventProcessor, InMemoryPublisher, list[Event]]:
    """Return a processor that has applied the frames in the order of their times, and its events."""
    outlet = InMemoryPublisher()
    processor = EventProcessor(SHIPPED, ledger, outlet, lambda: START, plan)
    with ledger.transaction():
        for item in sorted(frames, key=lambda each: each.time):
            processor.apply(item)
        processor.flush()
    return processor, outlet, [message for message in outlet.emitted if isinstance(message, Event)]


def test_two_readers_of_one_name_are_said_once_and_the_first_is_counted_right(ledger: Ledger):
    """The second one's frames of mains would end every outage of the first; they are not used."""
    first = read("sensor_reader", series("ac_present", (10, True), (60, False), (10, True)))
    second = read("attic", [frame(n + 0.5, ac_present=True) for n in range(80)])
    _, _, events = play(ledger, [*first, *second])

    assert ["system.device.clash", "AC_POWER_LOSS", "AC_POWER_RESTORED"] == [event.type for event in events]
    assert {"device_id": "ups", "reader": "sensor_reader", "refused": "attic"} == events[0].data
    assert 60 == events[2].data["outage_s"]


def test_a_reader_that_was_renamed_takes_its_devices_with_it(ledger: Ledger):
    """Once the old name has been silent for ten minutes."""
    first, second = series("ac_present", (10, True)), [frame(9 + TAKEOVER_S, ac_present=True)]
    _, _, events = play(ledger, [*read("old", first), *read("new", second)])

    assert [] == events


def test_readers_beside_one_another_have_devices_of_their_own(ledger: Ledger):
    """A name of each: nothing is said."""
    frames = [*read("a", [frame(n, "ups_a", ac_present=True) for n in range(5)])]
    frames += read("b", [frame(n, "ups_b", ac_present=True) for n in range(5)])

    assert [] == play(ledger, frames)[2]


def judged(owners: DeviceOwners, device: str, producer: str, last: datetime | None = None) -> bool:
    """Say whether a frame may be used."""
    return owners.judge(device, producer, at(0), last).accepted


def test_who_sends_the_most_devices_gets_no_more_and_makes_room_for_the_others():
    """Five in all: the flooder has them, the others get theirs, and it never comes back above them."""
    owners = DeviceOwners(most=5)
    flood = [judged(owners, f"x{n}", "flooder") for n in range(10)]
    others = [judged(owners, f"y{n}", "reader") for n in range(3)]

    assert [True] * 5 + [False] * 5 == flood
    assert [True, True, False] == others
    assert [5, "flooder", None] == [len(owners), owners.owner("x0"), owners.owner("x4")]


def test_it_is_said_once_with_the_limit(ledger: Ledger, monkeypatch: pytest.MonkeyPatch):
    """And the devices that there are go on."""
    outlet = InMemoryPublisher()
    processor = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
    monkeypatch.setattr(processor._readers.owners, "most", 3)
    with ledger.transaction():
        for item in read("flooder", [frame(n, f"x{n % 9}", ac_present=True) for n in range(90)]):
            processor.apply(item)
        processor.flush()
    said = [message for message in outlet.emitted if isinstance(message, Event)]

    assert [("system.limit.reached", 3)] == [(event.type, event.data["limit"]) for event in said]
    assert 3 == len(outlet.retained)


def test_a_flood_of_names_costs_as_much_for_each():
    """Twice as many take about twice as long; an order of magnitude is given, for the machine is shared."""

    def took(names: int) -> float:
        owners, begin = DeviceOwners(), time.perf_counter()
        for n in range(names):
            owners.judge(f"x{n}", f"p{n % 7}", at(0), None)
        return time.perf_counter() - begin

    assert took(100_000) < 10 * 6 * max(took(15_000), 1e-3)


def order(name: str, device: str) -> Command:
    """Return a command about a device."""
    return Command(id="1", target="event_processor", name=name, time=START, by="me", data={"device": device})


def test_a_device_that_is_forgotten_leaves_nothing_behind(ledger: Ledger):
    """Neither in the ledger nor on the broker; when it comes back it is new."""
    processor, outlet, _ = play(ledger, read("a", series("ac_present", (10, False))))
    with ledger.transaction():
        assert {"device": "ups"} == processor.execute(order("forget", "ups"))
        processor.flush()

    assert [] == [key for key, _ in ledger.items("") if key.endswith("/ups")]
    assert {} == outlet.retained
    again = play(ledger, read("b", series("ac_present", (10, True))))[2]
    assert [] == [event.type for event in again]


@pytest.mark.parametrize("after_s", [70, 90_000], ids=["just over", "long over"])
def test_incidents_of_a_device_that_is_forgotten_do_not_come_back(after_s: int, ledger: Ledger):
    """Not even with the next start, which retains the newest of each pattern again."""
    frames = [*series("ac_present", (10, True), (30, False), (10, True)), frame(after_s, ac_present=True)]
    plan = load_plan(CONFIG, {})
    processor, outlet, _ = play(ledger, read("a", frames), plan)
    assert any(isinstance(message, Incident) for message in outlet.retained.values())
    with ledger.transaction():
        processor.execute(order("forget", "ups"))
        processor.flush()
    assert {} == outlet.retained

    again = InMemoryPublisher()
    with ledger.transaction():
        EventProcessor(SHIPPED, ledger, again, lambda: START, plan).announce()
    assert {} == again.retained


def test_a_device_nobody_knows_cannot_be_forgotten(ledger: Ledger):
    """A slip of the pen removes nothing."""
    processor, _, _ = play(ledger, read("a", [frame(0, ac_present=True)]))

    with pytest.raises(RefusedError, match="no device 'usp' has been heard of; did you mean 'ups'"):
        processor.execute(order("forget", "usp"))
