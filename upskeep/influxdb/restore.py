"""``upskeep influx restore``: a lost ledger of counter_store, filled from InfluxDB while the service stands still.

The service does the same by itself when it starts without a ledger; this is for who wants to see it done, or has a
ledger that should not be there. Events are read into a file beside the ledger, which takes its place when all is there.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from services.counter_store.adapters.influx.query import InfluxQuery
from services.counter_store.app import FILL
from services.counter_store.application import restore
from services.counter_store.core.influx.ports import Unavailable
from services.counter_store.service import LEDGER_SCHEMA, CounterStore
from services.counter_store.settings import CounterStoreSettings, InfluxSettings
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger, LedgerError
from shared.process import seems_alive
from shared.suite import SuiteSettings
from upskeep.influxdb.setup import InfluxError

SERVICE = "counter_store"
LEDGER = "ledger.sqlite"
TAILS = ("-wal", "-shm", "")
Bar = Callable[[int, int], None]  # how many events are read, of how many


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to; ``aside`` is where the ledger that was there is now."""

    events: int
    types: int
    aside: Path | None


def restore_ledger(
    suite: SuiteSettings, settings: InfluxSettings, now: datetime, bar: Bar, *, force: bool = False
) -> Restored:
    """Return what was read back; raises InfluxError, and then the ledger that was there is as it was.

    A ledger that holds events is refused, or with ``force`` set aside as ``ledger.sqlite.replaced-<time>``.
    """
    path = suite.data / SERVICE / LEDGER
    if seems_alive(suite.data, SERVICE):
        raise InfluxError(f"counter_store is running over {path}; stop it first")
    held = _held(path)
    if held and not force:
        raise InfluxError(f"{path} holds {held}; with --force it is set aside and a new one filled")
    fresh = path.with_name(f"{LEDGER}.restoring")
    _remove(fresh)
    try:
        restored = _fill(fresh, suite.site, settings, bar)
    except (Unavailable, LedgerError) as error:
        _remove(fresh)
        raise InfluxError(f"{error}; nothing is changed") from error
    if not restored.events:
        _remove(fresh)
        raise InfluxError(
            f"{settings.place} at {settings.url} holds no events of site {suite.site}; nothing is changed"
        )
    aside = _set_aside(path, now) if path.exists() else None
    fresh.rename(path)
    return Restored(restored.events, restored.types, aside)


def _fill(path: Path, site: str, settings: InfluxSettings, bar: Bar) -> Restored:
    with closing(InfluxQuery(settings, site)) as source, closing(Ledger(path, LEDGER_SCHEMA)) as ledger:
        total = source.count()
        progress = restore.RestoreProgress()
        with ledger.transaction():
            restore.save(ledger, progress)
        store = CounterStore(CounterStoreSettings(influx=settings), ledger, InMemoryPublisher(), site=site)
        while progress.phase != "done":
            page = source.read(progress.at_ns, progress.skip, restore.PAGE) if progress.phase == "read" else None
            with ledger.transaction():
                progress = store.fill(FILL) if page is None else store.restore_page(page)
                store.flush()
            bar(progress.found, total)
        return Restored(progress.found, len(store.counters()), None)


def _held(path: Path) -> str:
    """Return a ledger's content in words; empty without events."""
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            (count,) = db.execute("SELECT count(*) FROM event").fetchone()
    except sqlite3.Error as error:
        return f"what cannot be read ({error})"
    return f"{count} events" if count else ""


def _set_aside(path: Path, now: datetime) -> Path | None:
    aside = path.with_name(f"{LEDGER}.replaced-{now:%Y%m%dT%H%M%SZ}")
    found = [tail for tail in TAILS if path.with_name(path.name + tail).exists()]
    for tail in found:
        path.with_name(path.name + tail).rename(aside.with_name(aside.name + tail))
    for word in ("running", "suspect"):  # they are about the one that is gone
        path.with_name(f"{LEDGER}.{word}").unlink(missing_ok=True)
    return aside if found else None


def _remove(path: Path) -> None:
    for tail in TAILS:
        path.with_name(path.name + tail).unlink(missing_ok=True)
