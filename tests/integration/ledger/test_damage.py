"""A counter store's ledger is damaged in hundreds of ways: it starts, counts nothing twice, and says what happened.

The outbox of the producer still holds the newest events; they come again to a store that has begun anew.
"""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.counter_store.application import restore
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings
from shared.delivery.handler import InMemoryPublisher
from shared.delivery.records import Records
from shared.delivery.track import Track
from shared.ledger import Ledger
from shared.ledger.ledger import PAGE_BYTES
from shared.ledger.quarantine import open_ledger
from shared.messages import Event
from tests.support.store_messages import event

NOW = datetime(2026, 11, 22, tzinfo=UTC)
TRACK = Track("home", "event_processor", "event", "e1")
COUNT, BATCH, HELD = 120, 10, 40
EVENTS = [event(n, n, ("AC_POWER_LOSS", "BATTERY_LOW")[n % 2], data={"v": n, "x": "y" * 60}) for n in range(1, 121)]


def store_over(ledger: Ledger) -> CounterStore:
    return CounterStore(CounterStoreSettings(), ledger, InMemoryPublisher(), site="home")


def apply(ledger: Ledger, store: CounterStore, events: list[Event]) -> None:
    """One batch, with the mark it belongs to."""
    with ledger.transaction():
        for each in events:
            store.apply(each)
        store.flush()
        Records(ledger).save_applied({TRACK: events[-1].seq})


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger as a clean stop leaves it, and as a power cut does: with everything still in its log."""
    folder = tmp_path_factory.mktemp("images")
    (folder / "cut").mkdir()
    ledger = Ledger(folder / "ledger.sqlite", LEDGER_SCHEMA)
    with closing(ledger):
        store = store_over(ledger)
        for first in range(0, COUNT, BATCH):
            apply(ledger, store, EVENTS[first : first + BATCH])
        for name in ("ledger.sqlite", "ledger.sqlite-wal"):
            shutil.copy(folder / name, folder / "cut" / name)
    return folder


@dataclass
class Outcome:
    """What is there after the start."""

    report: dict[str, object] | None
    applied: int
    ids: set[str]
    total: int


def start(path: Path) -> Outcome:
    """Open it as the service does; where it is begun anew, the held events come again. Nothing may be counted twice.

    Fewer events than were counted are all right: those whose rows are gone stay counted where aggregates tell of them.
    """
    with closing(open_ledger(path, LEDGER_SCHEMA, NOW, restore.salvage)) as ledger:
        row = ledger.db.execute("SELECT value FROM life WHERE name = 'damage'").fetchone()
        store = store_over(ledger)
        applied = Records(ledger).applied().get(TRACK, 0)
        if applied == 0:
            apply(ledger, store, EVENTS[-HELD:])
        ids = [i for (i,) in ledger.db.execute("SELECT id FROM event")]
        total = sum(counter.total for counter in store.counters())
    assert len(set(ids)) == len(ids) <= total <= COUNT
    assert set(ids) <= {each.id for each in EVENTS}
    return Outcome(json.loads(row[0]) if row else None, applied, set(ids), total)


def check(path: Path) -> Outcome:
    """Either nothing is missing, or it was set aside, said so, and has at least what the producer still holds."""
    outcome = start(path)
    if outcome.report is None:
        assert COUNT == outcome.total == outcome.applied
    else:
        assert outcome.report["found"]
        assert path.with_name(str(outcome.report["aside"])).exists()
        assert {each.id for each in EVENTS[-HELD:]} <= outcome.ids
    return outcome


@pytest.fixture
def fresh(images: Path, tmp_path: Path) -> Iterator[Path]:
    """Return the place of a ledger; ``again`` puts a good one there."""
    path = tmp_path / "ledger.sqlite"
    yield path
    assert len([f for f in tmp_path.iterdir() if ".damaged-" in f.name and not f.name.endswith(("-wal", "-shm"))]) <= 3


def again(images: Path, path: Path) -> bytes:
    for old in path.parent.glob("ledger.sqlite*"):
        old.unlink()
    shutil.copy(images / "ledger.sqlite", path)
    return path.read_bytes()


def test_an_undamaged_ledger_is_left_alone(images: Path, fresh: Path) -> None:
    """The other tests would pass if everything were always begun anew."""
    again(images, fresh)
    assert (None, COUNT) == ((outcome := check(fresh)).report, outcome.total)


def test_every_page_zeroed_in_turn(images: Path, fresh: Path) -> None:
    """What the other pages hold is salvaged."""
    content = again(images, fresh)
    totals = []
    for at in range(0, len(content), PAGE_BYTES):
        again(images, fresh)
        fresh.write_bytes(content[:at] + b"\0" * PAGE_BYTES + content[at + PAGE_BYTES :])
        totals.append(check(fresh).total)
    assert len(totals) > 15
    assert sum(total == COUNT for total in totals) >= len(totals) / 2
    assert HELD == min(totals)  # the first page gone: nothing is left but what the producer holds


@pytest.mark.parametrize("seed", range(4))
def test_flipped_bits(images: Path, fresh: Path, seed: int) -> None:
    """One to twenty of them, anywhere."""
    rng = random.Random(seed)  # noqa: S311
    for _ in range(60):
        content = bytearray(again(images, fresh))
        for _ in range(rng.choice((1, 1, 2, 5, 20))):
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        fresh.write_bytes(content)
        check(fresh)


def test_scrambled_bytes_in_the_rows(images: Path, fresh: Path) -> None:
    """Ids that became other ids are not taken for events of their own."""
    content = again(images, fresh)
    places = [at for at in range(len(content)) if content[at : at + 3] == b"id-"]
    for at in places[:: max(1, len(places) // 60)]:
        again(images, fresh)
        fresh.write_bytes(content[: at + 3] + b"9" + content[at + 4 :])
        check(fresh)


@pytest.mark.parametrize("share", [0, 0.0001, 0.003, 0.01, 0.1, 0.3, 0.5, 0.75, 0.9, 0.99, 0.9999])
def test_cut_short(images: Path, fresh: Path, share: float) -> None:
    """At the middle of a page or between two."""
    content = again(images, fresh)
    for length in {int(len(content) * share), int(len(content) * share) // PAGE_BYTES * PAGE_BYTES}:
        again(images, fresh)
        fresh.write_bytes(content[:length])
        assert check(fresh).report is not None


def test_a_torn_log_loses_only_what_had_not_committed(images: Path, fresh: Path) -> None:
    """Cut at any length it holds the commits before the cut, each with the mark that belongs to it."""
    log = (images / "cut" / "ledger.sqlite-wal").read_bytes()
    seen = set()
    for length in [*range(0, len(log), len(log) // 70), len(log)]:
        again(images, fresh)
        shutil.copy(images / "cut" / "ledger.sqlite", fresh)
        fresh.with_name("ledger.sqlite-wal").write_bytes(log[:length])
        fresh.with_name("ledger.sqlite.running").touch()
        outcome = start(fresh)
        assert outcome.report is None
        assert outcome.total == (outcome.applied or HELD)
        seen.add(outcome.applied)
    assert set(range(0, COUNT + 1, BATCH)) == seen


def test_a_log_with_flipped_bits_holds_a_state_that_once_was(images: Path, fresh: Path) -> None:
    """SQLite takes the log up to the flip: mark and events of the same commit. What follows is asked for again."""
    log = (images / "cut" / "ledger.sqlite-wal").read_bytes()
    rng = random.Random(5)  # noqa: S311
    for _ in range(60):
        again(images, fresh)
        shutil.copy(images / "cut" / "ledger.sqlite", fresh)
        torn = bytearray(log)
        torn[rng.randrange(len(torn))] ^= 1 << rng.randrange(8)
        fresh.with_name("ledger.sqlite-wal").write_bytes(torn)
        outcome = start(fresh)
        assert outcome.report is not None or outcome.total == (outcome.applied or HELD)
