"""A frame costs alike with one device and with thousands, and no state is kept back for ever."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Iterator
from contextlib import closing

import pytest

from services.event_processor.adapters.waiting_states import NUMBERS_A_TURN, NUMBERS_AT_LEAST
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import DeviceState, Event, Frame, Message, Scalar, Sequenced
from tests.support.scenarios import SHIPPED, START, at

BATCH = 500


class NotingPublisher(InMemoryPublisher):
    """Notes every state that is retained, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.states: list[DeviceState] = []

    def retain(self, message: Message) -> None:
        """Note it."""
        super().retain(message)
        if isinstance(message, DeviceState):
            self.states.append(message)


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """A ledger in memory."""
    with closing(Ledger(":memory:")) as opened:
        yield opened


def frames_of(devices: int, frames: int, **more: Scalar) -> list[Frame]:
    """Return frames of devices in turn, a second between two of one device."""
    return [
        Frame(
            time=at(number // devices),
            device=f"ups{number % devices}",
            values={"battery_voltage": 3.9 - number / 1e6, "battery_current": -0.05, "ac_present": True, **more},
        )
        for number in range(frames)
    ]


def play(stage: EventProcessor, ledger: Ledger, frames: list[Frame]) -> None:
    """Apply frames as one batch."""
    with ledger.transaction():
        for frame in frames:
            stage.apply(frame)
        stage.flush()


def test_numbers_alone_wait_for_their_turn_and_all_come_to_it(ledger: Ledger):
    """First those that have waited longest, each with its newest numbers; a turn without frames goes on with them."""
    outlet = NotingPublisher()
    stage = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
    play(stage, ledger, frames_of(300, 300))
    assert 300 == len(outlet.states)  # what nobody knows yet is news
    outlet.states.clear()

    newest = frames_of(300, 900)[300:]
    play(stage, ledger, newest)

    assert [f"ups{number}" for number in range(NUMBERS_A_TURN)] == [state.device for state in outlet.states]
    while stage.states:
        play(stage, ledger, [])
    assert {frame.device: frame.time for frame in newest} == {state.device: state.time for state in outlet.states}
    assert 300 == len(outlet.states)


def test_a_word_an_event_and_a_flag_leave_in_their_own_turn(ledger: Ledger):
    """However many numbers wait."""
    outlet = NotingPublisher()
    stage = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
    play(stage, ledger, frames_of(300, 300))
    outlet.states.clear()
    many = frames_of(300, 600)[300:]
    last = many[-1]

    play(stage, ledger, [*many[:-1], last.model_copy(update={"values": {**last.values, "ac_present": False}})])

    assert "ups299" == outlet.states[0].device
    assert 1 + NUMBERS_A_TURN == len(outlet.states)


def test_a_clean_stop_lets_all_of_them_go(ledger: Ledger):
    """Who looks on afterwards sees the last numbers."""
    outlet = NotingPublisher()
    stage = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
    for begin in (0, 300):
        play(stage, ledger, frames_of(300, 600)[begin : begin + 300])
    assert stage.states

    stage.states.hurry()
    play(stage, ledger, [])

    assert not stage.states
    assert {at(1)} == {outlet.retained[f"upskeep/v1/home/state/ups{number}"].time for number in range(300)}


def test_a_device_that_is_forgotten_waits_no_more(ledger: Ledger):
    """Its state would be retained for ever."""
    outlet = NotingPublisher()
    stage = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
    for begin in (0, 300):
        play(stage, ledger, frames_of(300, 600)[begin : begin + 300])

    stage._forget("ups299")
    while stage.states:
        play(stage, ledger, [])

    assert "upskeep/v1/home/state/ups299" not in outlet.retained


@pytest.mark.parametrize("cut", [1, 7, 100, 600])
def test_however_batches_are_cut_the_same_events_and_samples_come(ledger: Ledger, cut: int):
    """And a stage of its own for each batch, as after a death, makes the same."""
    frames = frames_of(3, 300) + frames_of(3, 330, ac_present=False)[300:] + frames_of(3, 600)[330:]
    outlet = InMemoryPublisher()
    for begin in range(0, len(frames), cut):
        play(EventProcessor(SHIPPED, ledger, outlet, lambda: START), ledger, frames[begin : begin + cut])

    assert whole(frames) == outlet.emitted
    assert any(isinstance(message, Event) for message in outlet.emitted)


def whole(frames: list[Frame]) -> list[Sequenced]:
    """Return what one stage makes of frames in one batch."""
    with closing(Ledger(":memory:")) as alone:
        outlet = InMemoryPublisher()
        play(EventProcessor(SHIPPED, alone, outlet, lambda: START), alone, frames)
        return outlet.emitted


def test_a_frame_of_one_of_many_devices_takes_little_more_than_one_of_one():
    """Counted in calls of functions, which depend on no load: 199 and 236; it was 198 and 538 (ADR 0057)."""
    one, many = calls_a_frame(1), calls_a_frame(2000)

    assert many < 1.5 * one, (one, many)


def calls_a_frame(devices: int) -> float:
    """Return how many calls a frame takes once every device is known, in batches."""
    frames = frames_of(devices, 2 * devices + 2000)
    with closing(Ledger(":memory:")) as ledger:
        stage = EventProcessor(SHIPPED, ledger, InMemoryPublisher(), lambda: START)
        known, counted = frames[: 2 * devices], frames[2 * devices :]
        play(stage, ledger, known)
        profile = cProfile.Profile()
        with profile:
            for begin in range(0, len(counted), BATCH):
                play(stage, ledger, counted[begin : begin + BATCH])
        return pstats.Stats(profile).total_calls / len(counted)  # type: ignore[attr-defined]


def test_a_short_turn_lets_few_go_and_one_without_frames_more(ledger: Ledger):
    """A processor that is behind may have short turns: its frames come first."""
    outlet = NotingPublisher()
    stage = EventProcessor(SHIPPED, ledger, outlet, lambda: START)
    for begin in (0, 300):
        play(stage, ledger, frames_of(300, 600)[begin : begin + 300])
    outlet.states.clear()

    play(stage, ledger, frames_of(300, 620)[600:])
    assert NUMBERS_AT_LEAST == len(outlet.states)
    play(stage, ledger, [])
    assert NUMBERS_AT_LEAST + NUMBERS_A_TURN == len(outlet.states)
