"""The maintenance due at a device, and when: its battery, its calibrations, its self-test.

Rules:
1. A battery is due on the day its capacity will have fallen to ``DUE_SHARE`` of the nameplate, and overdue once the
   newest capacities agree that it has. Without a nameplate, or before enough whole discharges, it has no day. Depth and
   temperature are listed by month.
2. A calibration is due ``calibrate_every_days`` after the last one.
3. A self-test is overdue when it has failed, and due ``SELF_TEST_DAYS`` after it passed. A UPS without a known
   self-test is listed without a day.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from services.event_processor.core.channels.battery_forecast import read_life, read_months
from services.event_processor.core.channels.frame_context import LOW_FLAG, Device
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.forecast.life import Life, LifeForecast, by_cycles, by_day, capacity_ah, to_replace
from shared.maintenance import BatteryMonth, MaintenanceItem, Reach

DUE_SHARE, WORN_SHARE = 0.8, 0.7
SELF_TEST_DAYS = 180
SELF_TEST_FAILED, SELF_TEST_PASSED = "self_test_failed", "self_test_passed"  # conditions of event_processor.yaml
NEVER_WHOLE = "its capacity is not known: it has not been discharged from full to empty"
NEVER_TESTED = "no self-test of this UPS has been seen"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_DAY = 100_000.0  # days since 1970, in the year 2243: a later day is left out


def maintenance_of(device: Device, memory: Memory, now: datetime) -> tuple[MaintenanceItem, ...]:
    """Return what is due at a device, the soonest first; items without a day come last."""
    items = (*_battery(device, memory), *_calibrations(device, now), *_self_test(memory, now))
    return tuple(sorted(items, key=lambda item: (not item.overdue, item.due is None, item.due or now)))


def _battery(device: Device, memory: Memory) -> Iterator[MaintenanceItem]:
    life, months = read_life(memory.numbers), _months(memory)
    capacity = capacity_ah(life)
    if capacity is None:
        if any(month.discharges for month in months):
            yield MaintenanceItem(what="battery", why=NEVER_WHOLE, months=months)
        return
    nameplate = None if device.capacity_mah is None else device.capacity_mah / 1000
    health = None if nameplate is None else round(100 * capacity / nameplate, 1)
    reaches = () if nameplate is None else tuple(_reach(life, nameplate, share) for share in (DUE_SHARE, WORN_SHARE))
    known = tuple(reach for reach in reaches if reach is not None)
    overdue = nameplate is not None and to_replace(life, nameplate, DUE_SHARE)
    due = next((reach.day for reach in known if reach.percent == 100 * DUE_SHARE), None)
    yield MaintenanceItem(
        what="battery",
        due=due,
        overdue=overdue,
        why=_battery_reason(capacity, health, len(life), overdue),
        capacity_mah=round(1000 * capacity),
        health_percent=health,
        cycles=life[-1].cycles,
        resistance_mohm=None if (ohm := life[-1].ohm) is None else round(1000 * ohm, 1),
        reaches=known,
        months=months,
    )


def _months(memory: Memory) -> tuple[BatteryMonth, ...]:
    kept = read_months(memory.numbers)
    return tuple(
        BatteryMonth(
            month=month.name,
            discharges=month.discharges,
            mean_depth_percent=round(100 * month.depth, 1) if month.discharges else None,
            deepest_percent=round(100 * month.deepest, 1) if month.discharges else None,
            mean_temperature_c=round(month.celsius, 1) if month.hours else None,
            highest_temperature_c=round(month.hottest, 1) if month.hours else None,
        )
        for month in (kept.months if kept else ())
    )


def _battery_reason(capacity: float, health: float | None, discharges: int, overdue: bool) -> str:
    held = f"{1000 * capacity:.0f} mAh" + ("" if health is None else f", {health:.0f} % of the nameplate")
    if overdue:
        return f"replace it: the last discharges agree on {held}"
    return f"{held}, by {discharges} whole discharge{'' if discharges == 1 else 's'}"


def _reach(life: Life, nameplate: float, share: float) -> Reach | None:
    day, cycles = by_day(life, share * nameplate), by_cycles(life, share * nameplate)
    if day is None or cycles is None or day.middle > LAST_DAY:
        return None
    return Reach(
        percent=100 * share,
        day=_date(day.middle),
        earliest=_date(day.low),
        latest=None if day.high is None or day.high > LAST_DAY else _date(day.high),
        cycles=round(cycles.middle, 1),
        **_bounds(cycles),
    )


def _bounds(cycles: LifeForecast) -> dict[str, float | None]:
    return {"cycles_low": round(cycles.low, 1), "cycles_high": None if cycles.high is None else round(cycles.high, 1)}


def _date(day: float) -> datetime:
    return EPOCH + timedelta(days=int(day))


def _calibrations(device: Device, now: datetime) -> Iterator[MaintenanceItem]:
    if device.calibrate_every_days is None:
        return
    for channel, last in device.calibrated.items():
        due = datetime.combine(last, time(), UTC) + timedelta(days=device.calibrate_every_days)
        why = f"{channel} was calibrated on {last.isoformat()}, every {device.calibrate_every_days:g} days"
        yield MaintenanceItem(what="calibration", channel=channel, due=due, overdue=due <= now, why=why)


def _self_test(memory: Memory, now: datetime) -> Iterator[MaintenanceItem]:
    failed, passed = memory.latches.get(SELF_TEST_FAILED, OFF), memory.latches.get(SELF_TEST_PASSED, OFF)
    if failed.on:
        yield MaintenanceItem(what="self_test", due=failed.began, overdue=True, why="the last self-test failed")
    elif passed.on and passed.began is not None:
        due = passed.began + timedelta(days=SELF_TEST_DAYS)
        why = f"the last self-test passed on {passed.began.date().isoformat()}"
        yield MaintenanceItem(what="self_test", due=due, overdue=due <= now, why=why)
    elif LOW_FLAG in memory.seen:
        yield MaintenanceItem(what="self_test", why=NEVER_TESTED)
