"""A rule that is gone ends what it began."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.event_processor.core.rules.compiled import CompiledRules
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Event, Frame
from tests.support.scenarios import SHIPPED, at, configured, frame, series

WITHOUT = configured(RULES__THRESHOLDS__CPU_HOT__DEVICES='["other"]')


def life(path: Path, compiled: CompiledRules, frames: list[Frame]) -> list[Event]:
    """Return the events of one life of the process."""
    outlet, ledger = InMemoryPublisher(), Ledger(path)
    processor = EventProcessor(compiled, ledger, outlet, lambda: at(0))
    with ledger.transaction():
        for item in frames:
            processor.apply(item)
        processor.flush()
    ledger.close()
    return [message for message in outlet.emitted if isinstance(message, Event)]


def test_what_it_began_ends_with_the_next_frame_of_the_device(tmp_path: Path):
    """With the event that its rule would have ended it with, and the reason; once."""
    path = tmp_path / "ledger.sqlite"
    (high,) = life(path, SHIPPED, series("cpu_temperature", (40, 61)))
    ended = life(path, WITHOUT, [frame(100, cpu_temperature=61), frame(101, cpu_temperature=61)])
    again = life(path, WITHOUT, [frame(102, cpu_temperature=61)])

    assert "TEMPERATURE_HIGH" == high.type
    assert [("TEMPERATURE_NORMAL", "cpu_hot", "rule_removed", 100.0)] == [
        (event.type, event.data["rule"], event.data["because"], event.data["lasted_s"]) for event in ended
    ]
    assert [] == again


def test_a_rule_that_is_still_there_goes_on(tmp_path: Path):
    """A restart alone ends nothing."""
    path = tmp_path / "ledger.sqlite"
    life(path, SHIPPED, series("cpu_temperature", (40, 61)))

    assert [] == life(path, SHIPPED, [frame(41, cpu_temperature=61)])


@pytest.mark.parametrize("section", ["POWER", "BATTERY"])
def test_so_does_a_section_that_was_turned_off(tmp_path: Path, section: str):
    """An outage that nobody judges any more is over."""
    path = tmp_path / "ledger.sqlite"
    life(path, SHIPPED, series("battery_voltage", (30, 3.5), ac_present=False))
    ended = life(path, configured(**{f"RULES__{section}": "null"}), [frame(31, ac_present=False, battery_voltage=3.5)])

    assert [{"POWER": "AC_POWER_RESTORED", "BATTERY": "BATTERY_RECOVERED"}[section]] == [
        event.type for event in ended if event.data.get("because") == "rule_removed"
    ]
