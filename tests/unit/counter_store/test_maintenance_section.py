"""What is due at the devices, in every report and format, as event_processor retains it."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pytest

from services.counter_store.adapters.reports.formats import FORMATS
from services.counter_store.application.maintenance_book import MOST
from shared.kinds import KINDS
from shared.maintenance import BatteryMonth, Maintenance, MaintenanceItem, Reach
from tests.support.store_bench import DAY, POLICY, StoreBench, bench
from tests.support.store_messages import at
from tests.unit.counter_store.test_reports import MODELS, ask, fill

DUE = at(90 * DAY)
BATTERY = MaintenanceItem(
    what="battery",
    due=DUE,
    why="1840 mAh, 92 % of the nameplate, by 6 whole discharges",
    capacity_mah=1840.0,
    health_percent=92.0,
    reaches=(Reach(percent=80, day=DUE, earliest=at(60 * DAY), cycles=40, cycles_low=20),),
    months=(
        BatteryMonth(month="2025-12", discharges=2, mean_depth_percent=40.0, deepest_percent=61.5),
        BatteryMonth(month="2026-01", mean_temperature_c=24.5, highest_temperature_c=31.0),
    ),
)
TEST = MaintenanceItem(what="self_test", due=at(0), overdue=True, why="the last self-test failed")


def due(device: str, *items: MaintenanceItem, day: float = 30) -> Maintenance:
    """Return what is due at a device."""
    return Maintenance(device=device, time=at(day * DAY), items=items)


def follow(store: StoreBench, *messages: Maintenance) -> None:
    """Take what event_processor retains."""
    for message in messages:
        store.store.follow(message, retained=True)
    store.batch()


def test_counter_store_follows_what_is_due() -> None:
    """As the registry of kinds has it, from which the rights at the broker follow."""
    assert "counter_store" in KINDS["maintenance"].followers


@pytest.mark.parametrize("kind", MODELS)
def test_every_report_lists_what_is_due(kind: str) -> None:
    """As JSON with every field; as CSV, Markdown and a page the overdue first."""
    with bench() as store:
        fill(store)
        follow(store, due("ups", BATTERY), due("rack", TEST))
        report = ask(store, kind, 30)
    texts = {name: write(report) for name, (_, write) in FORMATS.items()}

    told = {one["device"]: one["items"] for one in json.loads(texts["json"])["maintenance"]}
    assert {"ups", "rack"} == told.keys()
    assert 61.5 == told["ups"][0]["months"][0]["deepest_percent"]
    for text in (texts["csv"], texts["markdown"], texts["html"]):
        assert text.index("the last self-test failed") < text.index("by 6 whole discharges")
        assert ["61.5", "24.5", "2025-12"] == [part for part in ("61.5", "24.5", "2025-12") if part in text]
    assert ["## Maintenance", "<h2>Maintenance</h2>"] == [
        title
        for title, each in (("## Maintenance", "markdown"), ("<h2>Maintenance</h2>", "html"))
        if title in texts[each]
    ]


def test_the_csv_has_a_table_of_its_own_for_it() -> None:
    """After an empty row, so that the table of the events stays what it was."""
    with bench() as store:
        fill(store)
        before = FORMATS["csv"][1](ask(store, "summary", 30))
        follow(store, due("ups", BATTERY))
        after = FORMATS["csv"][1](ask(store, "summary", 30))

    assert after.startswith(before)
    empty, head, row, *_ = csv.reader(io.StringIO(after.removeprefix(before)))
    cells = dict(zip(head, row, strict=True))
    assert ([], "ups", "battery", "1840.0") == (empty, cells["device"], cells["maintenance"], cells["capacity_mah"])
    assert "maintenance" not in before


def test_nothing_due_is_no_section() -> None:
    """And what a device does not list any more is gone."""
    with bench() as store:
        fill(store)
        follow(store, due("ups", BATTERY), due("ups"))
        report = ask(store, "summary", 30)

    assert () == report.maintenance
    assert all("aintenance</h2>" not in write(report) for _, write in FORMATS.values())


def test_it_outlives_a_restart_and_has_bounds() -> None:
    """A thousand devices, the ones heard of last; what nobody has said for 90 days is left out."""
    with bench() as store:
        fill(store)
        follow(store, *(due(f"d{number}", TEST) for number in range(MOST + 5)))
        again = StoreBench(store.ledger, POLICY)
        again.batch(until=30 * DAY)
        devices = {one.device for one in ask(again, "summary", 30).maintenance}
        assert (MOST, False, True) == (len(devices), "d0" in devices, f"d{MOST + 4}" in devices)

        late = due("late", TEST).model_copy(update={"time": at(30 * DAY) + timedelta(days=91)})
        follow(again, late)
        assert ["late"] == [one.device for one in ask(again, "summary", 30).maintenance]
