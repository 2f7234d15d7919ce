"""What is due at a device: batteries that age, calibrations, self-tests; and a battery that somebody has replaced."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from services.event_processor.adapters.ledger_schema import LEDGER_SCHEMA
from services.event_processor.core.channels.frame_context import Device
from services.event_processor.core.device.keys import LIFE
from services.event_processor.core.device.latch import Latch
from services.event_processor.core.device.memory import NOTHING, Memory
from services.event_processor.core.forecast.life import CapacitySample, Life, add
from services.event_processor.core.maintenance import SELF_TEST_FAILED, SELF_TEST_PASSED, maintenance_of
from services.event_processor.service import EventProcessor
from shared.delivery.handler import InMemoryPublisher, RefusedError
from shared.ledger import Ledger
from shared.maintenance import Maintenance
from shared.messages import Frame
from shared.requests import Command
from tests.support.scenarios import SHIPPED, START

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHEMISTRY = SHIPPED.other.device.chemistry


def aged(*capacities: float) -> Memory:
    """A battery discharged once a week, the last time a week ago."""
    life: Life = ()
    today = NOW.timestamp() / 86_400
    for number, ah in enumerate(capacities, start=1):
        life = add(life, CapacitySample(number, ah, today - 7 * (len(capacities) - number + 1)))
    return Memory(numbers={LIFE: life})  # type: ignore[arg-type]  # numbers in numbers, as the rule writes them


def test_an_ageing_battery_is_due_on_the_day_it_falls_to_80_percent() -> None:
    """2 Ah on the label, 2 % less every week: with the bounds, and with the cycles."""
    device = Device("li_ion", CHEMISTRY, 1, capacity_mah=2000)

    (item,) = maintenance_of(device, aged(*(2.0 - 0.04 * week for week in range(6))), NOW)

    assert ("battery", False, 1840.0, 92.0) == (item.what, item.overdue, item.capacity_mah, item.health_percent)
    reach = item.reaches[0]
    assert (80.0, item.due) == (reach.percent, reach.day)
    assert abs((reach.day - NOW).days - 28) <= 7
    assert reach.earliest <= reach.day <= (reach.latest or reach.day)
    assert reach.cycles_low <= reach.cycles


def test_a_worn_battery_is_overdue_once_discharges_agree() -> None:
    """Not after one."""
    device = Device("li_ion", CHEMISTRY, 1, capacity_mah=2000)

    once = maintenance_of(device, aged(1.9, 1.9, 1.4), NOW)
    thrice = maintenance_of(device, aged(1.9, 1.5, 1.45, 1.4), NOW)

    assert [False, True] == [once[0].overdue, thrice[0].overdue]
    assert "replace it: the last discharges agree on 1450 mAh, 72 % of the nameplate" == thrice[0].why


def test_a_battery_nobody_has_discharged_is_not_listed() -> None:
    """Nothing is known of it."""
    assert () == maintenance_of(Device("li_ion", CHEMISTRY, 1), NOTHING, NOW)


def test_calibrations_and_self_tests_are_listed_the_overdue_first() -> None:
    """A failed self-test, a calibration that is over, one that is not."""
    device = Device(
        "li_ion",
        CHEMISTRY,
        1,
        calibrated={"co2": date(2025, 12, 1), "relative_humidity": date(2025, 1, 1)},
        calibrate_every_days=180,
    )
    failed = Memory(latches={SELF_TEST_FAILED: Latch(True, NOW - timedelta(days=2))})
    passed = Memory(latches={SELF_TEST_PASSED: Latch(True, NOW - timedelta(days=2))})

    items = maintenance_of(device, failed, NOW)
    *_, last = maintenance_of(device, passed, NOW)

    assert [True, True, False] == [item.overdue for item in items]
    assert {("calibration", "relative_humidity"), ("self_test", None)} == {(i.what, i.channel) for i in items[:2]}
    assert ("calibration", "co2") == (items[2].what, items[2].channel)
    assert NOW + timedelta(days=178) == last.due


def test_a_ups_that_was_never_seen_to_test_itself_is_listed_without_a_day() -> None:
    """A board has no self-test, and is not."""
    device = Device("li_ion", CHEMISTRY, 1)

    (item,) = maintenance_of(device, Memory(seen=frozenset({"battery_low"})), NOW)

    assert ("self_test", None, False) == (item.what, item.due, item.overdue)
    assert () == maintenance_of(device, Memory(seen=frozenset({"ac_present"})), NOW)


@pytest.fixture
def processor(tmp_path: Path) -> EventProcessor:
    """A processor whose device ``ups`` has been heard of."""
    ledger = Ledger(tmp_path / "ledger.sqlite", LEDGER_SCHEMA)
    made = EventProcessor(SHIPPED, ledger, InMemoryPublisher(), lambda: NOW)
    with ledger.transaction():
        made.apply(Frame(time=START, device="ups", values={"battery_voltage": 3.9}))
        made.flush()
    return made


def test_a_replaced_battery_is_forgotten(processor: EventProcessor) -> None:
    """Its life, its capacity and its charge; the device itself is known as before."""
    processor._memories["ups"] = aged(2.0, 1.9)  # what discharges would have left

    processor.execute(Command(id="1", target="event_processor", name="battery_replaced", data={"device": "ups"}))

    assert () == maintenance_of(SHIPPED.other.device, processor._memory("ups"), NOW)
    assert {"devices": []} == processor.answer("maintenance", {})


def test_a_device_nobody_has_heard_of_is_refused(processor: EventProcessor) -> None:
    """With the near name; so is a command that nobody knows."""
    with pytest.raises(RefusedError, match="no device 'upps' has been heard of; did you mean 'ups'"):
        processor.execute(Command(id="1", target="event_processor", name="battery_replaced", data={"device": "upps"}))
    with pytest.raises(RefusedError, match="knows no command 'battery_swapped'"):
        processor.execute(Command(id="2", target="event_processor", name="battery_swapped", data={"device": "ups"}))


def test_what_is_due_is_retained(tmp_path: Path) -> None:
    """On a topic of the device's own, when there is something."""
    ledger, outlet = Ledger(tmp_path / "ledger.sqlite", LEDGER_SCHEMA), InMemoryPublisher()
    made = EventProcessor(SHIPPED, ledger, outlet, lambda: NOW)
    made._memories["ups"] = aged(2.0, 1.9)
    with ledger.transaction():
        made.apply(Frame(time=NOW, device="ups", values={"battery_voltage": 3.9}))
        made.flush()

    (kept,) = [value for value in outlet.retained.values() if isinstance(value, Maintenance)]
    assert ("ups", "battery") == (kept.device, kept.items[0].what)
