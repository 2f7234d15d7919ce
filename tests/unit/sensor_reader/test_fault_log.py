"""What the log says of failing reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.sensor_reader.core.fault_log import CALM_S, FaultKey, FaultSpell, follow_faults
from shared.messages import Frame, ReadError

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NACK = ReadError(code="nack", chip="max17043@0x36", detail="no chip answers (3 attempts)")


def said(*polls: tuple[int, ReadError | None], device: str = "ups") -> list[str]:
    """Return the log of polls at these seconds, failing or not."""
    spells: dict[FaultKey, FaultSpell] = {}
    lines = []
    for second, error in polls:
        frame = Frame(time=NOON + timedelta(seconds=second), device=device, errors=(error,) if error else ())
        spells, told = follow_faults(spells, frame)
        lines += [line.text for line in told]
    return lines


def test_a_fault_of_an_hour_is_two_lines() -> None:
    """Its beginning in full, and its end with how long it was."""
    polls: list[tuple[int, ReadError | None]] = [(second, NACK) for second in range(3600)]
    assert [
        "ups: max17043@0x36: nack: no chip answers (3 attempts)",
        "ups: max17043@0x36: nack is over, after 3600 polls within 3599 s",
    ] == said(*polls, *((second, None) for second in range(3600, 3620)))


def test_another_code_is_another_fault() -> None:
    """From nobody answering to a bus that is stuck."""
    stuck = ReadError(code="timeout", chip=NACK.chip, detail="the bus timed out")
    assert ["nack", "timeout"] == [line.split(": ")[2] for line in said((0, NACK), (1, stuck), (2, stuck))]


def test_other_devices_do_not_end_it() -> None:
    """A device asked every 30 s is not over for what others say meanwhile."""
    spells, _ = follow_faults({}, Frame(time=NOON, device="ups", errors=(NACK,)))
    after, lines = follow_faults(spells, Frame(time=NOON + timedelta(seconds=29), device="host"))

    assert (spells, []) == (after, lines)


@given(st.lists(st.booleans(), max_size=300))
def test_a_fault_that_comes_and_goes_does_not_fill_the_log(fails: Sequence[bool]) -> None:
    """Polled every second, never more than two lines in ``CALM_S``."""
    lines = said(*((second, NACK if failed else None) for second, failed in enumerate(fails)))

    assert len(lines) <= 2 + 2 * len(fails) / CALM_S
    assert bool(lines) == any(fails)
