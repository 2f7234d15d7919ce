"""The stage: the core over a ledger and an outlet."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

import pytest

from services.event_processor import service
from services.event_processor.adapters.offered import Offered
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher, MessageHandler
from shared.ledger import Ledger
from shared.messages import Candidate, DeviceState, Event, Frame, Mark, Quality, Sequenced, Trigger
from tests.support.scenarios import NACK, SHIPPED, START, at, frame, run, series


class FakeClock:
    """Says what it is set to."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Return the time it is set to."""
        return self.now


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger in memory."""
    opened = Ledger(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def outlet() -> InMemoryPublisher:
    """Keeps what the stage says."""
    return InMemoryPublisher()


def make(ledger: Ledger, outlet: InMemoryPublisher, clock: FakeClock | None = None) -> EventProcessor:
    """Return a stage as it is after a start of the process."""
    return EventProcessor(SHIPPED, ledger, outlet, clock or FakeClock())


def play(stage: MessageHandler, ledger: Ledger, frames: list[Frame]) -> None:
    """Apply the frames as one batch."""
    with ledger.transaction():
        for item in frames:
            stage.apply(item)
        stage.flush()


def events(emitted: list[Sequenced]) -> list[Event]:
    """Return the events among what was emitted."""
    return [message for message in emitted if isinstance(message, Event)]


def test_a_frames_events_go_out_before_their_triggers(ledger: Ledger, outlet: InMemoryPublisher):
    """And the state is retained when the batch ends."""
    play(make(ledger, outlet), ledger, [Frame(time=START, device="ups", errors=(NACK,), quality=Quality.BAD)])

    told = [message for message in outlet.emitted if isinstance(message, Event | Trigger)]
    assert ["I2C_ERROR", "communication_retry", "error_logging"] == [
        message.type if isinstance(message, Event) else message.name for message in told
    ]
    assert isinstance(outlet.emitted[1], Trigger)
    assert isinstance(outlet.retained["upskeep/v1/home/state/ups"], DeviceState)


def test_a_restart_between_two_batches_changes_nothing(ledger: Ledger, outlet: InMemoryPublisher):
    """Each batch by a stage of its own, all on one ledger."""
    frames = series("battery_voltage", (5, 3.8), (20, 3.5), (20, 3.3), (100, 3.8), ac_present=False)
    for begin in range(0, len(frames), 7):
        play(make(ledger, outlet), ledger, frames[begin : begin + 7])

    assert run(frames)[0] == events(outlet.emitted)


def test_devices_do_not_mix(ledger: Ledger, outlet: InMemoryPublisher):
    """Two devices in one batch have a memory each."""
    low = series("battery_voltage", (20, 3.5))
    well = [frame(n, "other", battery_voltage=4.0) for n in range(20)]
    play(make(ledger, outlet), ledger, [item for pair in zip(low, well, strict=True) for item in pair])

    assert [("BATTERY_LOW", "ups")] == [(event.type, event.device) for event in events(outlet.emitted)]
    assert ["low", "ok"] == [outlet.retained[f"upskeep/v1/home/state/{name}"].battery for name in ("ups", "other")]


def test_a_failed_batch_leaves_no_memory_in_the_ledger(ledger: Ledger, outlet: InMemoryPublisher):
    """Memory and messages commit together or not at all."""
    stage = make(ledger, outlet)

    def fail() -> None:
        with ledger.transaction():
            stage.apply(frame(0, battery_voltage=4.0))
            stage.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert ledger.get("device/ups") is None


def offer(stage: MessageHandler, ledger: Ledger, candidate: Candidate, payload: bytes = b"{}") -> None:
    """Offer a candidate as a batch of its own."""
    with ledger.transaction():
        stage.offer("nodered", candidate, "upskeep/v1/home/ingest/nodered", payload)
        stage.flush()


def test_a_candidate_with_an_id_is_taken_once_also_across_a_restart(ledger: Ledger, outlet: InMemoryPublisher):
    """Twice offered, once told; another id is another event."""
    for candidate_id in ("a", "a", "b"):
        offer(make(ledger, outlet), ledger, Candidate(type="device.error", id=candidate_id))

    assert ["a", "b"] == [event.metadata["offer"] for event in events(outlet.emitted)]


def test_a_candidate_without_an_id_is_taken_each_time(ledger: Ledger, outlet: InMemoryPublisher):
    """Best effort, and each an event of its own even while the clock stands still."""
    stage = make(ledger, outlet)
    for _ in range(3):
        offer(stage, ledger, Candidate(type="device.error"))

    assert 3 == len({event.id for event in events(outlet.emitted)})


def test_ids_taken_long_ago_are_forgotten(ledger: Ledger, outlet: InMemoryPublisher, monkeypatch: pytest.MonkeyPatch):
    """The newest are kept: memory on disk is bounded."""
    monkeypatch.setattr(service, "Offered", partial(Offered, most=2))
    stage = make(ledger, outlet)
    for candidate_id in "abcd":
        offer(stage, ledger, Candidate(type="device.error", id=candidate_id))

    assert [("c",), ("d",)] == ledger.db.execute("SELECT id FROM offered ORDER BY place").fetchall()


def test_a_refused_candidate_goes_to_the_dead_letters_and_takes_no_id(ledger: Ledger, outlet: InMemoryPublisher):
    """Mended and sent again under its id, it is taken."""
    stage = make(ledger, outlet)
    offer(stage, ledger, Candidate(type="device.eror", id="a"), b"payload")
    offer(stage, ledger, Candidate(type="device.error", id="a"))

    assert [
        (
            "upskeep/v1/home/ingest/nodered",
            b"payload",
            "no event type 'device.eror' in config/events.yaml; did you mean 'device.error'?",
        )
    ] == outlet.rejected
    assert ["system.event.unknown", "device.error"] == [event.type for event in events(outlet.emitted)]
    assert 2 == len({event.id for event in events(outlet.emitted)})


def test_what_is_no_candidate_is_refused(ledger: Ledger, outlet: InMemoryPublisher):
    """Somebody may publish anything."""
    make(ledger, outlet).offer("nodered", Mark(epoch="e", seq=1), "ingest", b"x")

    assert ["ingest takes candidate events, not Mark"] == [reason for _, _, reason in outlet.rejected]


def test_a_loss_is_reported_with_what_was_lost(ledger: Ledger, outlet: InMemoryPublisher):
    """Never silent."""
    clock = FakeClock()
    clock.now = at(60)
    with ledger.transaction():
        make(ledger, outlet, clock).lost("sensor_reader", "raw", 5, 9)
    (gap,) = events(outlet.emitted)

    assert ("system.stream.gap", at(60)) == (gap.type, gap.time)
    assert {"producer": "sensor_reader", "stream": "raw", "first": 5, "last": 9, "count": 5} == gap.data


def test_a_losss_id_does_not_depend_on_the_clock(ledger: Ledger, outlet: InMemoryPublisher):
    """A batch that is done over tells the same loss under the same id; the next loss has another."""
    stage, clock = None, FakeClock()
    for _ in range(2):
        ledger.db.execute("BEGIN")
        stage = make(ledger, outlet, clock)
        stage.lost("sensor_reader", "raw", 5, 9)
        ledger.db.execute("ROLLBACK")
        clock.now += timedelta(seconds=1)
    with ledger.transaction():
        stage.lost("sensor_reader", "raw", 5, 9)
        stage.lost("sensor_reader", "raw", 5, 9)
    ids = [event.id for event in events(outlet.emitted)]

    assert ids[0] == ids[1] == ids[2] != ids[3]


def test_figures_count_since_the_start(ledger: Ledger, outlet: InMemoryPublisher):
    """Frames, events (that of an unknown type among them), refusals."""
    stage = make(ledger, outlet)
    play(stage, ledger, [frame(0, co2=500), frame(1)])
    offer(stage, ledger, Candidate(type="nonsense"))

    assert {"frames": 2, "events": 2, "refused": 1} == stage.figures()
