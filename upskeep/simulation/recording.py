"""Recordings of a room: what a simulated run writes, and what the room model is fitted to.

A CSV with a header. ``time`` (RFC 3339), ``air_temperature`` and ``relative_humidity`` must be there;
``outside_temperature`` and ``outside_humidity`` say what was around, and a column with the name of an actuator kind
(``exhaust``, ``heater``, ``humidifier`` …) or ``light`` says how far it ran, 0 to 1.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from shared.climate.room import RoomState, air_of
from shared.climate.zones import Kind, Zone
from upskeep.simulation.loop import SimulatedTick

LEVELS = tuple(kind.value for kind in Kind)
NEEDED = ("time", "air_temperature", "relative_humidity")
OUTSIDE = ("outside_temperature", "outside_humidity")
MOST_ROWS = 2_000_000
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


class RecordingError(Exception):
    """A recording that cannot be fitted: what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class Row:
    """One reading: seconds since the first, the air, the air outside if known, and the levels that ran from then on."""

    at_s: float
    room: RoomState
    percent: float
    outside: RoomState | None
    levels: dict[str, float]


def begins(path: Path) -> datetime:
    """Return the time of the first row of a recording that ``read`` could read."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        time = datetime.fromisoformat(next(csv.DictReader(file))["time"])
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def read(path: Path) -> list[Row]:
    """Return the rows that are whole; raises RecordingError where there are too few or a column is missing."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                raise RecordingError(f"{path}: has no column {', '.join(missing)}; found {reader.fieldnames}")
            found = [row for number, row in enumerate(_rows(reader, path)) if number < MOST_ROWS]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}: cannot be read: {error}") from error
    if len(found) < 60:
        raise RecordingError(f"{path}: has {len(found)} whole rows; a fit needs 60 and more, best some days of them")
    return found


def _rows(reader: csv.DictReader[str], path: Path) -> Iterator[Row]:
    first: datetime | None = None
    last_s = -1.0
    for number, row in enumerate(reader, start=2):
        try:
            time = datetime.fromisoformat(row["time"])
            time = time if time.tzinfo else time.replace(tzinfo=UTC)
        except (TypeError, ValueError):
            raise RecordingError(
                f"{path}:{number}: {row['time']!r} is not a time; write 2026-01-31T12:00:00Z"
            ) from None
        first = first or time
        at_s = (time - first).total_seconds()
        air, around = _numbers(row, NEEDED[1:]), _numbers(row, OUTSIDE)
        if air is None or at_s <= last_s or not 0 < air[1] <= 100:
            continue
        last_s = at_s
        levels = {name: found[0] for name in LEVELS if (found := _numbers(row, (name,)))}
        outside = air_of(around[0], around[1]) if around else None
        yield Row(at_s, air_of(*air), air[1], outside, levels)


def _numbers(row: dict[str, str], names: tuple[str, ...]) -> tuple[float, ...] | None:
    try:
        found = tuple(float(row[name]) for name in names)
    except (KeyError, TypeError, ValueError):
        return None
    return found if all(map(math.isfinite, found)) else None


def write(path: Path, ticks: Iterable[SimulatedTick], zone: Zone, every_s: float = 60.0) -> Iterator[SimulatedTick]:
    """Yield each tick on, writing one row every ``every_s``: means of the levels since the row before."""
    kinds = {each.name: each.kind.value for each in zone.actuators}
    columns = sorted(set(kinds.values()))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*NEEDED, *OUTSIDE, *columns])
        pending: tuple[object, ...] | None = None
        ran: dict[str, float] = {}
        since_s = 0.0
        for tick in ticks:
            if pending is None or tick.at_s - since_s >= every_s:
                if pending is not None:
                    writer.writerow(
                        [*pending, *(round(ran.get(each, 0.0) / (tick.at_s - since_s), 4) for each in columns)]
                    )
                pending, since_s, ran = _seen(tick), tick.at_s, {}
            seconds = sum(part for part, _ in tick.path)
            for name, running in tick.running.items():
                ran[kinds[name]] = ran.get(kinds[name], 0.0) + seconds * running.level
            yield tick


def _seen(tick: SimulatedTick) -> tuple[object, ...]:
    room, outside = tick.start, tick.outside
    time = (EPOCH + timedelta(seconds=tick.at_s)).isoformat().replace("+00:00", "Z")
    return time, *(round(each, 3) for each in (room.celsius, room.percent, outside.celsius, outside.percent))
