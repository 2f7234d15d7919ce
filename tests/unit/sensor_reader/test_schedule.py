"""Turns: the grid, back-off, and that a dead device delays nobody."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling import schedule
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.polling.schedule import Turn, next_turn
from services.sensor_reader.core.ports import Ports
from shared.messages import Quality

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def waits(interval_s: float, failures: int) -> list[float]:
    """Return the waits after each of so many failures in a row."""
    turn, found = Turn(0.0), []
    for _ in range(failures):
        after = next_turn(turn, interval_s, turn.due, failed=True)
        found.append(after.due - turn.due)
        turn = after
    return found


def test_failures_double_the_wait_up_to_thirty_seconds() -> None:
    """The first failure costs nothing; then 2, 4, 8, 16, 30 and 30 again."""
    assert waits(1.0, 7) == [1, 2, 4, 8, 16, 30, 30]


def test_a_slow_device_is_not_made_faster_by_the_limit() -> None:
    """An interval beyond 30 s is its own limit."""
    assert waits(60.0, 3) == [60, 60, 60]


def test_it_never_stops_asking() -> None:
    """After a thousand failures the wait is still 30 s."""
    assert waits(1.0, 1000)[-1] == 30


def test_one_success_brings_the_interval_back() -> None:
    """Failures are forgotten at once."""
    assert Turn(11.0, 0) == next_turn(Turn(10.0, 6), 1.0, 10.0, failed=False)


def test_missed_turns_are_skipped_and_the_grid_kept() -> None:
    """After a pause of 7.3 s the next turn is on the device's own grid, once."""
    assert Turn(8.0) == next_turn(Turn(0.0), 1.0, 7.3, failed=False)


@given(st.floats(0.05, 100), st.floats(0, 1e6), st.floats(0, 1e4), st.integers(0, 40), st.booleans())
def test_the_next_turn_is_always_in_the_future(
    interval_s: float,
    due: float,
    late_s: float,
    failures: int,
    failed: bool,
) -> None:
    """Whatever happened, polling goes on, and not in a busy loop."""
    assert next_turn(Turn(due, failures), interval_s, due + late_s, failed=failed).due > due + late_s


def test_the_healthy_come_first() -> None:
    """Whoever failed waits behind whoever did not."""
    turns = {"dead": Turn(0, 3), "a": Turn(0), "later": Turn(9), "b": Turn(0)}

    assert schedule.due(turns, 1.0) == ["a", "b", "dead"]


def test_with_no_devices_nothing_is_due() -> None:
    """An empty schedule has no next turn."""
    assert schedule.next_due({}) is None


def test_a_chip_that_is_gone_does_not_stop_the_others() -> None:
    """In two minutes the living device is polled every second, the dead one less and less, and it comes back."""
    bus = SimulatedBus()
    bus.load(0x36, {0x02: 0xB520, 0x04: 0x230F})
    dead = Device("dead", (ChipPart(CHIPS["ina219"], 1, 0x40, Mount(shunt_ohm=0.1)),))
    alive = Device("alive", (ChipPart(CHIPS["max17043"], 1, 0x36, Mount()),))
    poller = Poller([dead, alive], Ports({1: bus}), lambda _: None, now=100.0)

    polls: dict[str, list[int]] = {"dead": [], "alive": []}
    for second in range(120):
        for frame in poller.poll_due(100.0 + second, NOW):
            polls[frame.device].append(second)

    assert list(range(120)) == polls["alive"]
    assert polls["dead"] == [0, 1, 3, 7, 15, 31, 61, 91]

    bus.load(0x40, {0x01: 0, 0x02: 0x2022}, stride=1)
    back = [frame for frame in poller.poll_due(221.0, NOW) if frame.device == "dead"]

    assert [frame.quality for frame in back] == [Quality.GOOD]
    assert poller.next_due() == 222.0
