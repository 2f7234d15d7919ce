"""The store dies in the middle of a statement, anywhere, and starts again: nothing differs from an undisturbed run."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from services.counter_store.core.counted import Episode, Series, hour_of, join_episodes
from services.counter_store.core.keeping import Keeping
from services.counter_store.stage import LEDGER_SCHEMA
from shared.delivery.records import Records
from shared.instants import time_to_us
from shared.ledger import Ledger, LedgerError
from shared.messages import Event, Severity
from tests.unit.counter_store.benches import HOUR, StoreBench
from tests.unit.counter_store.messages import event

TRACK = ("event_processor", "event", "e1")
TABLES = ("series", "hourly", "daily", "episode", "counter", "event", "outlived")
KEEPING = Keeping(history_per_type=8, history_days=400)
BATCH, STEP = 4, 25
KINDS = (("AC_POWER_LOSS", Severity.WARNING), ("I2C_ERROR", Severity.ERROR), ("sensor.vpd", Severity.INFO))


def history() -> list[Event]:
    chance = random.Random(11)  # noqa: S311 - repeatable
    made = []
    for number in range(1, 61):
        kind, severity = chance.choice(KINDS)
        late = chance.choice([0, 0, 0, 900])
        made.append(
            event(number, number * HOUR / 5 - late, kind, severity=severity, device=chance.choice(["ups", None]))
        )
    return made


EVENTS = history()


class Bomb:
    """Goes off after so many steps of SQLite's machine."""

    def __init__(self, at: int) -> None:
        self.left = at
        self.steps = 0

    def __call__(self) -> int:
        self.steps += 1
        self.left -= 1
        return int(self.left == 0)


def live(path: Path, bomb: Bomb | None) -> None:
    """One life of the store: from what the ledger says to the end, or to the bomb."""
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        ledger.db.set_progress_handler(bomb, STEP)
        here = StoreBench(ledger, KEEPING)
        done = Records(ledger).applied().get(TRACK, 0)
        for first in range(done, len(EVENTS), BATCH):
            batch = EVENTS[first : first + BATCH]
            with ledger.transaction():
                here.batch(*batch, until=(first + BATCH) * HOUR / 5)
                Records(ledger).save_applied({TRACK: batch[-1].seq})


def dump(path: Path) -> dict[str, list[Any]]:
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        return {name: ledger.db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in TABLES}  # noqa: S608


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[Any]], int]:
    """What the tables hold when nothing happens, and how many steps it took."""
    path = tmp_path_factory.mktemp("undisturbed") / "ledger.sqlite"
    bomb = Bomb(0)
    live(path, bomb)
    return dump(path), bomb.steps


def test_the_aggregates_are_a_recount_of_the_events(undisturbed: tuple[dict[str, list[Any]], int]) -> None:
    """Counted by hand: every cell, every episode; though most of the events have left the history."""
    tables, _ = undisturbed
    cells: dict[tuple[int, Series], int] = {}
    times: dict[Series, list[Episode]] = {}
    for each in EVENTS:
        us, series = time_to_us(each.time), Series(each.type, each.category, each.severity, each.device, each.zone)
        cells[hour_of(us), series] = cells.get((hour_of(us), series), 0) + 1
        if series.matters:
            times.setdefault(series, []).append(Episode(us, us, 1))
    known = {row[0]: Series(row[1], row[2], Severity(row[3]), row[4], row[5]) for row in tables["series"]}

    assert cells == {(row[0], known[row[1]]): row[2] for row in tables["hourly"]}
    assert {series: join_episodes(each) for series, each in times.items()} == {
        series: [Episode(*row[1:4]) for row in tables["episode"] if known[row[0]] == series] for series in times
    }
    assert len(tables["event"]) < len(EVENTS) / 2


def test_dying_anywhere_changes_nothing(undisturbed: tuple[dict[str, list[Any]], int], tmp_path: Path) -> None:
    """In the middle of any statement: every table is the same in the end, row by row."""
    expected, steps = undisturbed
    deaths = 0
    for number, at in enumerate(range(1, steps, max(1, steps // 60))):
        path = tmp_path / f"{number}.sqlite"
        try:
            live(path, Bomb(at))
        except Exception as error:  # noqa: BLE001 - a death is whatever comes out of it
            assert isinstance(error, LedgerError) or "interrupted" in str(error)  # noqa: PT017
            deaths += 1
            live(path, None)
        assert expected == dump(path), f"died at step {at}"
    assert deaths > 50
