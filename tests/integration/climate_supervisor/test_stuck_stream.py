"""Nobody takes the events of the climate control, and it goes on ordering; ledgers of before they were a stream."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from shared.suite import SuiteSettings
from tests.support.brokers import MOSQUITTO, Broker, free_port
from tests.support.climate_processes import House, Process, configure
from tests.support.service_process import ROOT
from tests.support.waiting import until

WINDOW = 4
LEDGERS = ROOT / "tests" / "ledgers" / "v2"
SERVICES = ("climate_supervisor", "climate_controller")


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, dict[str, list[dict[str, Any]]]]]:
    """Both services over old ledgers, an event_processor that is online and applies nothing, and what was unsent."""
    folder = tmp_path_factory.mktemp("climate")
    configure(folder, window=WINDOW)
    unsent = {name: unpack(name, folder / "data" / name) for name in SERVICES}
    broker = Broker(MOSQUITTO, free_port(), folder / "broker")
    broker.start()
    processes = [Process(name, folder, broker.settings) for name in SERVICES]
    with House(SuiteSettings(broker=broker.settings)) as house:
        try:
            for process in processes:
                process.start()
            yield house, unsent
        finally:
            for process in reversed(processes):
                process.end()
            broker.stop()


def unpack(name: str, folder: Path) -> list[dict[str, Any]]:
    """Put a ledger in its place; returns the offers that wait in it."""
    folder.mkdir(parents=True)
    path = folder / "ledger.sqlite"
    path.write_bytes(gzip.decompress((LEDGERS / f"{name}.sqlite.gz").read_bytes()))
    with closing(sqlite3.connect(path)) as db:
        rows = db.execute("SELECT payload FROM outbox WHERE stream = 'ingest' ORDER BY seq").fetchall()
    return [json.loads(payload) for (payload,) in rows]


def test_what_an_old_ledger_had_to_offer_still_leaves(left: tuple[House, dict[str, list[dict[str, Any]]]]) -> None:
    """On ingest/…, each once and unchanged; nothing new goes there."""
    house, unsent = left
    assert all(unsent.values())
    for name, offers in unsent.items():
        until(lambda name=name, offers=offers: taken(house, name) == offers, f"what {name} had left")


def test_orders_leave_while_the_stream_is_full(left: tuple[House, dict[str, list[dict[str, Any]]]]) -> None:
    """Far more events than the window has places; the heater still follows every order at once."""
    house, unsent = left
    for turn in range(2 * WINDOW):
        level = float(turn % 2)
        house.order("climate_controller", "levels", f"stuck-{turn}", zone="tent", levels={"heater": level, "fan": 0.0})
        until(lambda level=level: house.levels["heater"] == level, f"the heater goes to {level:g}")
    heads = until(lambda: beyond_the_window(house), "more events than the window has places")
    assert min(heads) > WINDOW
    assert unsent == {name: taken(house, name) for name in SERVICES}


def taken(house: House, name: str) -> list[dict[str, Any]]:
    """Return what a service has offered on ingest/…, each id once."""
    return list({offer["id"]: offer for offer in house.of("ingest", name)}.values())


def beyond_the_window(house: House) -> list[int]:
    """Return how many events each service has in its stream, nothing before both have more than a window."""
    said = [house.of("status", name)[-1]["streams"].get("offer", {"head": 0})["head"] for name in SERVICES]
    return said if min(said) > WINDOW else []
