"""The stage: frames and place commit together, and the reader's life is told once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.sources.feeds import LiveFeed, PlayedFeed
from services.sensor_reader.adapters.sources.recording import Recording
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.core.sources.feed import Item, Refusal, Source, SourcePosition
from services.sensor_reader.service import SensorReader
from services.sensor_reader.settings import load
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Frame, Sequenced

START = datetime(2026, 1, 1, tzinfo=UTC)
SHIPPED = load(Path(__file__).parents[3] / "config", {})
CSV = "time,co2\n2021-01-01T00:00:00Z,1\n2021-01-01T00:00:10Z,2\nbad\n2021-01-01T00:00:30Z,3\n"


class PowerCutError(Exception):
    """The machine dies here."""


class LedgerOutlet(InMemoryPublisher):
    """An outlet that writes into the ledger as the real one does, and may die at the n-th message."""

    def __init__(self, ledger: Ledger, dies_at: int | None = None) -> None:
        super().__init__()
        self.db = ledger.db
        self.db.execute("CREATE TABLE IF NOT EXISTS sent (frame TEXT NOT NULL)")
        self.left = dies_at

    def emit(self, message: Sequenced) -> None:
        if self.left == 0:
            raise PowerCutError
        self.left = None if self.left is None else self.left - 1
        self.db.execute("INSERT INTO sent VALUES (?)", (message.model_dump_json(),))


@dataclass(frozen=True)
class Numbers:
    """A source of so many frames, a second apart; the third is a refusal."""

    count: int
    name: str = "numbers"
    has_life: bool = False

    def place(self, stored: SourcePosition | None, now: datetime) -> SourcePosition:  # noqa: ARG002
        return stored or SourcePosition()

    def items(self, place: SourcePosition) -> Iterator[Item]:
        for position in range(place.position + 1, self.count + 1):
            frame = Frame(time=START + timedelta(seconds=position), device="n", values={"n": float(position)})
            yield Item(position, Refusal("f:3", b"x", "f:3: bad") if position == 3 else frame)


def outage(cycles: int | None = 1) -> Simulation:
    script = SCENARIOS["outage"]
    return Simulation(script, SHIPPED.simulated(script.step_s), cycles)


def reader(
    source: Source, ledger: Ledger, outlet: InMemoryPublisher, speed: float | None = None, boot: str = "b1"
) -> SensorReader:
    handler = SensorReader(PlayedFeed(source, speed), ledger, outlet, boot)
    handler.begin(START)
    return handler


def play(handler: SensorReader, limit: int = 500) -> None:
    while not handler.done:
        handler.step(0.0, START, limit)


def run(source: Source, path: Path | str = ":memory:") -> InMemoryPublisher:
    """Play a source to its end and stop cleanly; return what came out."""
    outlet = InMemoryPublisher()
    with closing(Ledger(path)) as ledger:
        handler = reader(source, ledger, outlet)
        play(handler)
        handler.finish(START)
    return outlet


def lives(outlet: InMemoryPublisher) -> list[object]:
    return [
        frame.values.get("lifecycle")
        for frame in outlet.emitted
        if isinstance(frame, Frame) and frame.device == "system"
    ]


def test_its_figures_begin_at_nothing() -> None:
    """Before the first step."""
    with closing(Ledger(":memory:")) as ledger:
        handler = reader(Numbers(1), ledger, InMemoryPublisher())

        assert handler.figures() == {"source": "numbers", "done": False, "frames": 0, "errors": 0, "refused": 0}


def test_a_recording_is_played_and_its_bad_rows_refused(tmp_path: Path) -> None:
    """Frames out, the bad row to the dead letters, no life told."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    outlet = run(Recording((path,)))

    assert [f.values for f in outlet.emitted if isinstance(f, Frame)] == [{"co2": 1.0}, {"co2": 2.0}, {"co2": 3.0}]
    assert [(f"{path}:4", b"bad\n")] == [(where, payload) for where, payload, _ in outlet.rejected]


def test_a_finished_recording_stays_finished(tmp_path: Path) -> None:
    """Started again over the same ledger, nothing is played twice."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    run(Recording((path,)), tmp_path / "ledger")

    assert ((again := run(Recording((path,)), tmp_path / "ledger")).emitted, again.rejected) == ([], [])


def test_speed_spreads_frames_over_time(tmp_path: Path) -> None:
    """At speed 10, frames 10 and 20 s later go 1 and 3 s after the first; a refusal goes at once."""
    path = tmp_path / "a.csv"
    path.write_text(CSV)
    with closing(Ledger(":memory:")) as ledger:
        handler = reader(Recording((path,)), ledger, InMemoryPublisher(), speed=10.0)
        steps = [(at, handler.step(at, START), handler.next_release()) for at in (100.0, 100.9, 101.0, 103.0)]

    assert steps == [(100.0, 1, 101.0), (100.9, 0, 101.0), (101.0, 1, 103.0), (103.0, 1, None)]


def test_a_limit_holds_the_reader_back() -> None:
    """Flow control: no more than so many a step."""
    with closing(Ledger(":memory:")) as ledger:
        handler = reader(Numbers(10), ledger, InMemoryPublisher())

        assert [handler.step(0.0, START, limit=2) for _ in range(6)] == [2, 1, 2, 2, 2, 0]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=6), st.integers(1, 4))
def test_after_any_power_cuts_each_frame_is_there_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], limit: int
) -> None:
    """Die at the n-th message of each run, in the middle of a transaction: none twice, none lost."""
    path = tmp_path_factory.mktemp("cut") / "ledger"
    for dies_at in [*cuts, None]:
        with closing(Ledger(path)) as ledger:
            handler = reader(Numbers(12), ledger, LedgerOutlet(ledger, dies_at))
            try:
                play(handler, limit)
            except PowerCutError:
                continue
    with closing(Ledger(path)) as ledger:
        sent = [Frame.model_validate_json(row[0]) for row in ledger.db.execute("SELECT frame FROM sent")]

    assert [float(n) for n in range(1, 13) if n != 3] == [frame.values["n"] for frame in sent]


@pytest.mark.parametrize("cuts", [[0], [1], [150, 0, 20], [301], [302]])
def test_a_simulation_with_power_cuts_gives_the_same_frames(tmp_path: Path, cuts: list[int]) -> None:
    """Also start and stop: told once, whatever happened between, and at the same times."""
    whole = [frame.model_dump_json() for frame in run(outage()).emitted]
    for dies_at in [*cuts, None]:
        with closing(Ledger(tmp_path / "ledger")) as ledger:
            handler = reader(outage(), ledger, LedgerOutlet(ledger, dies_at))
            try:
                play(handler, 7)
                handler.finish(START + timedelta(days=1))
            except PowerCutError:
                continue
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        sent = [row[0] for row in ledger.db.execute("SELECT frame FROM sent")]

    assert whole == sent


def test_a_simulation_begins_with_a_start_and_ends_with_a_stop() -> None:
    """The first and the last frame are of the device system, and of the simulation's time."""
    outlet = run(outage())
    frames = [frame for frame in outlet.emitted if isinstance(frame, Frame)]

    assert lives(outlet) == ["started", "stopped"]
    assert (frames[0].device, frames[-1].device) == ("system", "system")
    assert (START, frames[-2].time) == (frames[0].time, frames[-1].time)


def test_a_reboot_after_a_power_cut_is_a_start_that_was_not_clean(tmp_path: Path) -> None:
    """Another boot, and the run before never stopped."""
    for boot in ("b1", "b2"):
        outlet = InMemoryPublisher()
        with closing(Ledger(tmp_path / "ledger")) as ledger:
            reader(outage(), ledger, outlet, boot=boot).step(0.0, START, 5)

    first = outlet.emitted[0]
    assert isinstance(first, Frame)
    assert first.values == {"lifecycle": "started", "clean": False, "boot_id": "b2"}


def test_a_stop_is_reported_once() -> None:
    """Finish may be called twice, and before anything was read it says nothing."""
    outlet = InMemoryPublisher()
    with closing(Ledger(":memory:")) as ledger:
        handler = reader(outage(), ledger, outlet)
        handler.finish(START)
        assert outlet.emitted == []
        handler.step(0.0, START, 1)
        handler.finish(START)
        handler.finish(START)

    assert lives(outlet) == ["started", "stopped"]


def test_a_scenario_that_was_played_to_its_end_is_not_played_again_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A start goes on where the run before left off: here there is nothing left."""
    run(outage(), tmp_path / "ledger")
    assert not caplog.messages

    assert [] == run(outage(), tmp_path / "ledger").emitted
    assert ["sim:outage was played to its end before, and counts once: --data NAME plays it into a new folder"] == (
        caplog.messages
    )


def test_hardware_is_polled_live_and_reported(tmp_path: Path) -> None:
    """Frames bear the wall clock's time; the stop too; errors are counted once a poll."""
    bus = SimulatedBus()
    bus.load(0x36, {0x02: 0xB520, 0x04: 0x230F})
    gauge = Device("ups", (ChipPart(CHIPS["max17043"], 1, 0x36, Mount()),))
    gone = Device("rail", (ChipPart(CHIPS["ina219"], 1, 0x40, Mount(shunt_ohm=0.1)),))
    outlet = InMemoryPublisher()
    with closing(Ledger(tmp_path / "ledger")) as ledger:
        feed = LiveFeed("i2c", Poller([gone, gauge], Ports({1: bus}), lambda _: None, now=50.0))
        handler = SensorReader(feed, ledger, outlet, "b1")
        handler.begin(START)
        for second in range(3):
            handler.step(50.0 + second, START + timedelta(seconds=second))
        handler.finish(START + timedelta(seconds=9))
        figures = handler.figures()

    frames = [(f.device, (f.time - START).seconds) for f in outlet.emitted if isinstance(f, Frame)]
    assert frames == [("system", 0), ("rail", 0), ("ups", 0), ("ups", 1), ("rail", 1), ("ups", 2), ("system", 9)]
    assert figures == {"source": "i2c", "done": False, "frames": 7, "errors": 2, "refused": 0}
