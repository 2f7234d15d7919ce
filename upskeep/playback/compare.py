"""``upskeep backtest --compare``: the same frames through two configurations, side by side in one pass.

Memory stays bounded: a batch of frames, what waits in ``Differences``, and two runs' own bounded ledgers. What
differs is kept in a table that spills to a temporary file.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from services.alerter.adapters.journal import ROOM as TRANSITIONS
from shared.instants import time_to_us
from shared.messages import AlertState, Event, Frame
from shared.settings import ConfigError, Fault
from upskeep.playback.backtest import Bench, batches, context_of
from upskeep.playback.climate_compare import Zones
from upskeep.playback.differences import Difference, Differences, Kind, Occurrence
from upskeep.playback.row_tally import RowTally
from upskeep.playback.settings_diff import ABSENT, Change, Configuration, settings_diff

EVENT, ALERT, ACTUATOR = "event", "alert", "actuator"
LIT = {AlertState.FIRING, AlertState.ACKNOWLEDGED}
REASONS = ("value", "threshold", "reason")  # of an alert
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DifferenceCounts:
    """How often one event type was made, or one alert began to fire, and what differs."""

    before: int
    after: int
    added: int = 0
    removed: int = 0
    moved: int = 0
    changed: int = 0

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.removed or self.moved or self.changed)


class DifferenceStore:
    """The differences, ordered by time; closed by whoever opened it."""

    def __init__(self) -> None:
        self._db = sqlite3.connect("")  # no name: a temporary file, once it does not fit into the cache
        self._db.execute("CREATE TABLE difference (time_us INTEGER, content TEXT)")
        self.counts: dict[str, Counter[tuple[str, Kind]]] = {EVENT: Counter(), ALERT: Counter(), ACTUATOR: Counter()}

    def close(self) -> None:
        """Forget them."""
        self._db.close()

    def add(self, what: str, found: Iterable[Difference]) -> None:
        """Keep differences of events, alerts or actuators."""
        for each in found:
            self.counts[what][each.shown.name, each.kind] += 1
            content = json.dumps(_as_row(what, each), ensure_ascii=False)
            self._db.execute("INSERT INTO difference VALUES (?, ?)", (time_to_us(each.shown.time), content))

    def rows(self, most: int | None) -> Iterator[Row]:
        """Yield up to ``most``, the earliest first."""
        query = "SELECT content FROM difference ORDER BY time_us, rowid LIMIT ?"
        for (content,) in self._db.execute(query, (-1 if most is None else most,)):
            yield json.loads(content)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(counts.total() for counts in self.counts.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two configurations make of the same frames. ``alerts_since``: what is before was not kept by both.

    ``climate`` has the hours at full level by zone and actuator.
    """

    settings: Sequence[Change]
    frames: int
    first_time: datetime | None
    last_time: datetime | None
    alerts_since: datetime | None
    events: Mapping[str, DifferenceCounts]
    alerts: Mapping[str, DifferenceCounts]
    climate: Mapping[str, Mapping[str, Mapping[str, float]]]
    kept: DifferenceStore

    @property
    def same(self) -> bool:
        """Whether both made the same events and alerts, and wanted the same of every actuator."""
        return self.kept.total == 0

    def head(self) -> dict[str, Any]:
        """Return all but the differences as plain data."""
        return {
            "same": self.same,
            "settings": [_as_setting(change) for change in self.settings],
            "frames": self.frames,
            "first_time": _text(self.first_time),
            "last_time": _text(self.last_time),
            "alerts_since": _text(self.alerts_since),
            "events": {name: asdict(tally) for name, tally in self.events.items()},
            "alerts": {name: asdict(tally) for name, tally in self.alerts.items()},
            "climate": self.climate,
        }


@dataclass(slots=True)
class Side:
    """One configuration at work."""

    bench: Bench
    heard: list[Event]

    def drain(self) -> list[Occurrence]:
        """Return what happened since the last call."""
        occurrences = [_of_event(event) for event in self.heard]
        self.heard.clear()
        return occurrences


def compare(
    files: Sequence[Path],
    before: Configuration,
    after: Configuration,
    stack: ExitStack,
    rows: RowTally | None = None,
    timezone: tzinfo | None = None,
) -> Comparison:
    """Return how the two differ on the recordings; what it keeps goes with ``stack``. The last two: as in ``backtest``.

    Raises ConfigError on bad settings, with the faults of both, or on an unusable recording.
    """
    one, other = open_sides(stack, before, after)
    zones = Zones(before, after)
    return play(batches(files, rows, timezone), one, other, settings_diff(before, after), stack, zones)


def play(
    frames: Iterable[Sequence[Frame]],
    one: Side,
    other: Side,
    settings: Sequence[Change],
    stack: ExitStack,
    zones: Zones | None = None,
) -> Comparison:
    """Return how two sides that are open, and the zones of both, differ on the recordings."""
    kept = DifferenceStore()
    stack.callback(kept.close)
    events = Differences()
    for batch in frames:
        one.bench.process(batch)
        other.bench.process(batch)
        kept.add(EVENT, events.align(one.drain(), other.drain()))
        kept.add(ACTUATOR, zones.process(batch) if zones else ())
    outcome, _ = one.bench.end(), other.bench.end()
    kept.add(EVENT, events.align(one.drain(), other.drain()))
    kept.add(EVENT, events.end())
    alerts, since = Differences(), _since(one, other)
    kept.add(ALERT, alerts.align(_fired(one, since), _fired(other, since)))
    kept.add(ALERT, alerts.end())
    kept.add(ACTUATOR, zones.end() if zones else ())
    return Comparison(
        settings,
        outcome.frames,
        outcome.first_time,
        outcome.last_time,
        since,
        _tallies(events, kept.counts[EVENT]),
        _tallies(alerts, kept.counts[ALERT]),
        zones.hours() if zones else {},
        kept,
    )


def open_sides(stack: ExitStack, *both: Configuration) -> list[Side]:
    """Return each configuration ready to work until ``stack`` ends; raises ConfigError with the faults of all."""
    sides, faults = [], list[Fault]()
    for each in both:
        heard: list[Event] = []
        try:
            sides.append(Side(Bench(context_of(each.folder, each.environ), heard.append, stack), heard))
        except ConfigError as error:
            faults += [_said_of(each, fault) for fault in error.faults]
    if faults:
        raise ConfigError(list(dict.fromkeys(faults)))
    return sides


def _said_of(one: Configuration, fault: Fault) -> Fault:
    """Name what was laid over a folder; the folder itself stands in the fault."""
    where = f"with {' and '.join(one.laid)}: {fault.where}" if one.laid and fault.where != "--with" else fault.where
    return Fault(where, fault.path, fault.reason)


def _since(*sides: Side) -> datetime | None:
    """Return from when on both have every change of an alert, None for from the beginning."""
    timelines = [side.bench.alerter.timeline() for side in sides]
    return max(
        (datetime.fromisoformat(rows[0]["time"]) for rows in timelines if len(rows) >= TRANSITIONS), default=None
    )


def _fired(side: Side, since: datetime | None) -> list[Occurrence]:
    """Return each time that an alert began to fire; acknowledged, it still does."""
    begun, lit = [], set[str]()
    for row in side.bench.alerter.timeline():
        name, state, time = f"{row['rule']}/{row['key']}", row["state"], datetime.fromisoformat(row["time"])
        if state == AlertState.FIRING and name not in lit and (since is None or time > since):
            begun.append(Occurrence(name, None, time, row["severity"], {key: row[key] for key in REASONS}))
        (lit.add if state in LIT else lit.discard)(name)
    return begun


def _of_event(event: Event) -> Occurrence:
    return Occurrence(event.type, event.device, event.time, event.severity, event.data, event.zone)


def _tallies(found: Differences, counts: Counter[tuple[str, Kind]]) -> dict[str, DifferenceCounts]:
    return {
        name: DifferenceCounts(
            found.before[name], found.after[name], **{kind.value: counts[name, kind] for kind in Kind}
        )
        for name in sorted(found.before.keys() | found.after.keys())
    }


def _as_row(what: str, found: Difference) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "what": what,
        "name": found.shown.name,
        "device": found.shown.device,
        "shift_s": found.shift.total_seconds(),
        "before": _as_data(found.before),
        "after": _as_data(found.after),
    }


def _as_data(occurrence: Occurrence | None) -> dict[str, Any] | None:
    if occurrence is None:
        return None
    return {
        "time": _text(occurrence.time),
        "severity": occurrence.severity,
        "zone": occurrence.zone,
        "data": dict(occurrence.data),
    }


def _as_setting(change: Change) -> dict[str, Any]:
    """A value that is not there has no key."""
    values = {"before": change.before, "after": change.after}
    there = {name: value for name, value in values.items() if value is not ABSENT}
    return {"file": change.file, "path": change.path, **there}


def _text(time: datetime | None) -> str | None:
    return None if time is None else time.isoformat(timespec="microseconds").replace("+00:00", "Z")
