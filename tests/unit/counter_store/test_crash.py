"""The store dies in the middle of a statement, anywhere, and starts again: nothing differs from an undisturbed run."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from services.counter_store.core.counting.series import Episode, Series, hour_of, join_episodes
from services.counter_store.core.policy import StorePolicy
from services.counter_store.service import LEDGER_SCHEMA
from shared.delivery.records import Records
from shared.delivery.track import Track
from shared.instants import time_to_us
from shared.ledger import Ledger, LedgerError
from shared.messages import Event, Severity
from tests.support.answers import answers, differences
from tests.support.store_bench import HOUR, StoreBench
from tests.support.store_messages import at, event

TRACK = Track("home", "event_processor", "event", "e1")
TABLES = ("series", "hourly", "daily", "episode", "counter", "event", "expired_event_time")
POLICY = StorePolicy(history_per_type=8, history_days=400)
BATCH, STEP = 4, 25
EVENTS_TOLD, EVERY = 60, HOUR / 5
UNTIL = EVENTS_TOLD * EVERY
KINDS = (("AC_POWER_LOSS", Severity.WARNING), ("I2C_ERROR", Severity.ERROR), ("sensor.vpd", Severity.INFO))


def history() -> list[Event]:
    chance = random.Random(11)  # noqa: S311 - repeatable
    made = []
    for number in range(1, EVENTS_TOLD + 1):
        kind, severity = chance.choice(KINDS)
        late = chance.choice([0, 0, 0, 900])
        made.append(event(number, number * EVERY - late, kind, severity=severity, device=chance.choice(["ups", None])))
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


class DeadError(Exception):
    """The store has died between two statements."""


class Commits:
    """Dies right before or right after a commit, by its number; before the first is 0, after it 1."""

    def __init__(self, at: int) -> None:
        self.left = at

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise DeadError


def no_boundary() -> None:
    """Nothing happens there."""


def live(path: Path, bomb: Bomb | None, boundary: Callable[[], None] = no_boundary) -> None:
    """One life of the store: from what the ledger says to the end, or to the bomb or the boundary."""
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        ledger.db.set_progress_handler(bomb, STEP)
        here = StoreBench(ledger, POLICY)
        done = Records(ledger).applied().get(TRACK, 0)
        for first in range(done, len(EVENTS), BATCH):
            batch = EVENTS[first : first + BATCH]
            with ledger.transaction():
                here.batch(*batch, until=(first + BATCH) * EVERY)
                Records(ledger).save_applied({TRACK: batch[-1].seq})
                boundary()
            boundary()


def dump(path: Path) -> dict[str, list[Any]]:
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        return {name: ledger.db.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in TABLES}  # noqa: S608


def told(path: Path) -> dict[str, Any]:
    """What the store says of it: reports, statistics, health and the rest."""
    with closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        return answers(StoreBench(ledger, POLICY).store, at(UNTIL))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, list[Any]], dict[str, Any], int]:
    """What the tables hold and the store says when nothing happens, and how many steps it took."""
    path = tmp_path_factory.mktemp("undisturbed") / "ledger.sqlite"
    bomb = Bomb(0)
    live(path, bomb)
    return dump(path), told(path), bomb.steps


def test_the_aggregates_are_a_recount_of_the_events(
    undisturbed: tuple[dict[str, list[Any]], dict[str, Any], int],
) -> None:
    """Counted by hand: every cell, every episode; though most of the events have left the history."""
    tables, *_ = undisturbed
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


def test_dying_anywhere_changes_nothing(
    undisturbed: tuple[dict[str, list[Any]], dict[str, Any], int], tmp_path: Path
) -> None:
    """In the middle of any statement: every table is the same in the end, and every field of every report."""
    tables, reports, steps = undisturbed
    deaths = 0
    for number, step in enumerate(range(1, steps, max(1, steps // 60))):
        path = tmp_path / f"{number}.sqlite"
        try:
            live(path, Bomb(step))
        except Exception as error:  # noqa: BLE001 - a death is whatever comes out of it
            assert isinstance(error, LedgerError) or "interrupted" in str(error)  # noqa: PT017
            deaths += 1
            live(path, None)
        assert tables == dump(path), f"died at step {step}"
        assert [] == list(differences(reports, told(path))), f"died at step {step}"
    assert deaths > 50


def test_dying_before_and_after_every_commit_changes_nothing(
    undisturbed: tuple[dict[str, list[Any]], dict[str, Any], int], tmp_path: Path
) -> None:
    """Once each, and once with a death at every boundary of the run in turn."""
    tables, reports, _ = undisturbed
    batches = len(EVENTS) // BATCH
    for number in range(2 * batches):
        path = tmp_path / f"{number}.sqlite"
        with pytest.raises(DeadError):
            live(path, None, Commits(number))
        live(path, None)
        assert (tables, []) == (dump(path), list(differences(reports, told(path)))), f"died at boundary {number}"

    path, lives = tmp_path / "often.sqlite", 0
    while lives < 2 * batches:  # before the commit of a batch, then after it
        with suppress(DeadError):
            live(path, None, Commits(lives % 2))
        lives += 1
    live(path, None)
    assert (tables, []) == (dump(path), list(differences(reports, told(path))))
