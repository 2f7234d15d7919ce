"""What a battery has been through: depth and temperature by month, through the shipped rules and by themselves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.event_processor.core.channels.battery_forecast import read_months
from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.forecast.months import KEPT, Months, follow
from services.event_processor.core.maintenance import maintenance_of
from tests.unit.event_processor.forecast.test_states import COMPILED, discharged, play

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def through(*charges: float, begin: datetime = NEW_YEAR, celsius: float | None = None) -> Months:
    """Return what is remembered of charges seen an hour apart."""
    kept = None
    for hour, charge in enumerate(charges):
        kept = follow(kept, begin + timedelta(hours=hour), charge, celsius)
    assert kept is not None
    return kept


def test_a_discharge_is_as_deep_as_it_went_and_counted_once_it_is_over() -> None:
    """From 1.0 to 0.4, and from 0.9 to 0.7."""
    (month,) = through(1.0, 0.7, 0.4, 0.6, 0.9, 0.8, 0.7, 0.9).months

    assert ("2026-01", 2) == (month.name, month.discharges)
    assert pytest.approx((0.4, 0.6)) == (month.depth, month.deepest)
    assert () == through(1.0, 0.4).months


def test_a_charge_that_wobbles_is_no_discharge() -> None:
    """By less than a tenth, for ever."""
    assert () == through(*[1.0, 0.95] * 50).months


def test_a_temperature_is_taken_once_an_hour() -> None:
    """Mean and highest; a hundred readings of one hour weigh as much as one of another."""
    kept = None
    for minute in range(60):
        kept = follow(kept, NEW_YEAR + timedelta(minutes=minute), 1.0, 20.0)
    kept = follow(kept, NEW_YEAR + timedelta(hours=2), 1.0, 30.0)
    assert kept is not None

    (month,) = kept.months
    assert (2, 25.0, 30.0) == (month.hours, month.celsius, month.hottest)


def test_a_year_is_kept_and_what_changes_nothing_is_the_very_same() -> None:
    """Its memory has a bound, and is written only where it has changed."""
    kept = None
    for day in range(0, 900, 5):
        kept = follow(kept, NEW_YEAR + timedelta(days=day), 1.0, 20.0)
    assert kept is not None
    assert KEPT == len(kept.months)
    assert kept is follow(kept, NEW_YEAR + timedelta(days=895), 0.995, 20.0)


def test_maintenance_lists_depth_and_temperature_by_month() -> None:
    """Also after a restart, and before a whole discharge has shown the capacity."""
    memory, _ = discharged(NOTHING, 0)
    memory, _ = play(memory, 8200, battery_voltage=3.5, battery_current=2.0, battery_temperature=31.0, ac_present=True)
    for second in range(8230, 20_000, 30):
        memory, _ = play(
            memory, second, battery_voltage=3.9, battery_current=2.0, battery_temperature=31.0, ac_present=True
        )
    memory = Memory.from_json(memory.to_json())

    (item,) = maintenance_of(COMPILED.device_rules("ups").device, memory, NEW_YEAR + timedelta(days=31))

    month = item.months[-1]
    assert ("battery", 1, 31.0, 31.0) == (
        item.what, sum(one.discharges for one in item.months), month.mean_temperature_c, month.highest_temperature_c,
    )  # fmt: skip
    assert any((one.deepest_percent or 0) > 80 for one in item.months)
    assert read_months(memory.numbers) is not None
