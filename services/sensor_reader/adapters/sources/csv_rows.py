"""Rows of CSV as frames: our own recordings, and what Home Assistant, Grafana, InfluxDB and Excel export.

Rules (docs/recordings.md has an example of each):
1. The first line that is no comment (``#…``, ``sep=…``) names the columns. Comma, semicolon or tab part them.
2. A wide row has a column a channel. A long one has one value, and a column that says of what: ``_field`` and
   ``_value`` of InfluxDB, ``entity_id`` and ``state`` of Home Assistant.
3. A cell that cannot be its channel's value, or is beyond what that quantity can be, is left out with the error
   ``implausible``, as of a live reading; the row's other cells count. A row of which nothing is left is refused.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo

from services.sensor_reader.adapters.sources.plain_rows import plain_rows
from services.sensor_reader.core.reading import Doubt, within_range
from services.sensor_reader.core.sources.cell_values import cell_value, is_absent
from services.sensor_reader.core.sources.row_times import row_time
from shared.messages import Frame, Scalar
from shared.names import NAME
from shared.quantities import FACTS, QUANTITIES

TIMES = ("time", "_time", "timestamp", "datetime", "date", "last_changed", "last_updated")
LONG = (("_field", "_value"), ("entity_id", "state"))  # the column that says of what, and that of the value
OF_INFLUXDB = frozenset({"", "result", "table", "_start", "_stop", "_measurement", "name", "tags", "site"})
KNOWN = sorted(QUANTITIES.keys() | FACTS.keys(), key=len, reverse=True)
PART = "recording"  # where errors are, in place of a chip
LONGEST_CELL = csv.field_size_limit()
Row = Callable[[str], Frame]


class HeaderError(ValueError):
    """The first line does not name the columns of a recording."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What each column is. ``device`` and ``zone`` count where no column says them."""

    names: tuple[str, ...]
    delimiter: str
    time: int
    channels: tuple[tuple[int, str], ...]
    long: tuple[int, int] | None
    places: dict[str, int] = field(default_factory=dict)
    device: str = "room"
    zone: str | None = None


def is_no_row(line: bytes) -> bool:
    """Whether a line is a comment or a note to a spreadsheet."""
    return line.startswith(b"#") or line[:4].lower() == b"sep="


def read_header(line: str, device: str | None, zone: str | None) -> Columns:
    """Return what the columns are; raises HeaderError, csv.Error."""
    delimiter = next((sign for sign in ";\t" if line.count(sign) > line.count(",")), ",")
    names = tuple(_channel(name.strip()) for name in next(csv.reader([line], delimiter=delimiter), []))
    time = next((names.index(name) for name in TIMES if name in names), None)
    if time is None:
        found = ", ".join(names) or "nothing"
        raise HeaderError(f"no column 'time' (found: {found}); the first line names the columns, one of them time")
    long = next(((names.index(of), names.index(value)) for of, value in LONG if of in names and value in names), None)
    influxdb = "_value" in names or names[0] == "name"
    skipped = OF_INFLUXDB if influxdb else frozenset()
    places: dict[str, int] = {name: names.index(name) for name in ("device", "zone") if name in names}
    taken = {time, *(long or ()), *places.values()}
    channels = [(at, name) for at, name in enumerate(names) if at not in taken and name not in skipped]
    twice = sorted({name or "(empty)" for _, name in channels if names.count(name) > 1 or not name})
    if twice:
        raise HeaderError(f"columns without a name of their own: {', '.join(twice)}")
    device = device or ("ups" if "battery_voltage" in names else "room")
    return Columns(names, delimiter, time, () if long else tuple(channels), long, places, device, zone)


def csv_rows(columns: Columns, timezone: tzinfo | None, *, quick: bool = True) -> Row:
    """Return what makes a frame of a line; it raises ValueError or csv.Error where the line is none.

    ``quick``: read plain rows as such, with the same result.
    """
    comma = columns.delimiter != ","
    plain = plain_rows(columns.channels, columns.places, columns.device, columns.zone) if quick else None

    def to_frame(line: str) -> Frame:
        cells = _cells(line, columns.delimiter)
        if len(cells) != len(columns.names):
            raise ValueError(f"has {len(cells)} cells where the header has {len(columns.names)}")
        cells = [cell.strip() for cell in cells]
        time = row_time(cells[columns.time], timezone)
        if plain is not None and (frame := plain.frame(time, cells)) is not None:
            return frame
        device, named = _named(columns, cells)
        values, doubts = _values(named, comma=comma)
        if doubts and not values:
            raise ValueError("; ".join(doubt.detail for doubt in doubts))
        place = {name: cells[at] for name, at in columns.places.items() if NAME.match(cells[at])}
        errors = tuple(doubt.error(PART) for doubt in doubts)
        return Frame(
            time=time,
            device=place.get("device", device),
            zone=place.get("zone", columns.zone),
            values=values,
            errors=errors,
            simulated=True,
        )

    return to_frame


def _cells(line: str, delimiter: str) -> list[str]:
    if '"' not in line and "\r" not in line and "\n" not in line and len(line) <= LONGEST_CELL:
        return line.split(delimiter)  # as csv does, which takes longer
    return next(csv.reader([line], delimiter=delimiter, strict=True))


def _values(named: Iterator[tuple[str, str]], *, comma: bool) -> tuple[dict[str, Scalar], list[Doubt]]:
    read: dict[str, Scalar] = {}
    doubts: list[Doubt] = []
    for channel, cell in named:
        if not is_absent(channel, cell):
            try:
                read[channel] = cell_value(channel, cell, comma=comma)
            except ValueError as error:
                doubts.append(Doubt("implausible", str(error), channel))
    values, beyond = within_range(read)
    return values, [*doubts, *beyond]


def _named(columns: Columns, cells: Sequence[str]) -> tuple[str, Iterator[tuple[str, str]]]:
    """Return the row's device and its cells by channel."""
    if columns.long is None:
        return columns.device, ((name, cells[at]) for at, name in columns.channels)
    of, value = (cells[at] for at in columns.long)
    entity = of.rpartition(".")[2]
    channel = next((known for known in KNOWN if entity == known or entity.endswith(f"_{known}")), entity)
    prefix = entity.removesuffix(channel).rstrip("_")
    device = prefix if prefix and NAME.match(prefix) else columns.device
    return device, iter([(channel, value)])


def _channel(name: str) -> str:
    """Return a column's name as the suite has it: Grafana and Excel write ``Time``."""
    lower = name.lower()
    return lower if lower in TIMES or lower in QUANTITIES or lower in FACTS or lower in ("device", "zone") else name
