"""Recordings: CSV (``time`` and a column a channel) or JSONL (a Frame a line), played row by row.

Rules:
1. A file is read line by line and never held as a whole; a row is one line.
2. A row that is not right is refused, with file:line and what was found, and the rest plays on.
3. An empty cell means that the channel was not read. Numbers are floats, so that a channel keeps one type.
4. The place is the number of rows played over all files in turn; blank lines count too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from services.sensor_reader.core.sources.cell_values import cell_value
from services.sensor_reader.core.sources.feed import Item, Refusal, SourcePosition
from shared.messages import Frame, Scalar

_BOM = b"\xef\xbb\xbf"
_ENVELOPE = ("producer", "epoch", "seq")


class RecordingError(Exception):
    """A recording that cannot be played at all: missing, of no known kind, or without a usable header."""


class _RowError(ValueError):
    """What is wrong with one row."""


Row = Callable[[str], Frame]


@dataclass(frozen=True, slots=True)
class Recording:
    """A ``Source`` over files in turn. ``device`` and ``zone`` are for CSV, whose rows name neither."""

    files: tuple[Path, ...]
    device: str | None = None
    zone: str | None = None
    has_life: bool = False

    @property
    def name(self) -> str:
        """``recording:FILE[,FILE…]``."""
        return "recording:" + ",".join(str(path) for path in self.files)

    def check(self) -> None:
        """Raise RecordingError if a file cannot be played at all."""
        for path in self.files:
            for _ in self._rows(path):
                break

    def place(self, stored: SourcePosition | None, now: datetime) -> SourcePosition:  # noqa: ARG002
        """Return where to go on."""
        return stored or SourcePosition()

    def items(self, place: SourcePosition) -> Iterator[Item]:
        """Yield frames and refusals after ``place``; raises RecordingError on coming to an unusable file."""
        position = 0
        for path in self.files:
            for number, line, to_frame in self._rows(path):
                position += 1
                if position <= place.position or not line.strip():
                    continue
                yield Item(position, _content(path, number, line, to_frame))

    def _rows(self, path: Path) -> Iterator[tuple[int, bytes, Row]]:
        try:
            with path.open("rb") as file:
                lines = enumerate(file, start=1)
                first = next(lines, (1, b""))
                first = (1, first[1].removeprefix(_BOM))
                if path.suffix.lower() == ".csv":
                    to_frame = _csv_rows(path, first[1], self.device, self.zone)
                elif path.suffix.lower() in (".jsonl", ".ndjson"):
                    to_frame = _json_frame
                    yield (*first, to_frame)
                else:
                    raise RecordingError(
                        f"{path}: a recording is .csv or .jsonl, not {path.suffix or 'without ending'}"
                    )
                for number, line in lines:
                    yield number, line, to_frame
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror}; check the name and the rights") from error


def _content(path: Path, number: int, line: bytes, to_frame: Row) -> Frame | Refusal:
    try:
        return to_frame(line.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 (byte {error.start + 1}: {line[error.start]:#04x})"
    except ValidationError as error:
        reason = _first_faults(error)
    except (_RowError, csv.Error, ValueError) as error:
        reason = str(error)
    where = f"{path}:{number}"
    return Refusal(where, line, f"{where}: {reason}")


def _first_faults(error: ValidationError) -> str:
    faults = {".".join(map(str, fault["loc"][:2])): fault for fault in reversed(error.errors())}
    return "; ".join(f"{where}: {fault['msg']} (got {fault['input']!r:.60})" for where, fault in sorted(faults.items()))


def _csv_rows(path: Path, header: bytes, device: str | None, zone: str | None) -> Row:
    try:
        columns = [column.strip() for column in next(csv.reader([header.decode("utf-8")]), [])]
    except (UnicodeDecodeError, csv.Error) as error:
        raise RecordingError(f"{path}:1: the header cannot be read: {error}") from error
    if "time" not in columns:
        raise RecordingError(f"{path}:1: no column 'time' (found: {', '.join(columns) or 'nothing'}); the first line "
                             "names the columns, one of them time")  # fmt: skip
    twice = sorted({column or "(empty)" for column in columns if columns.count(column) > 1 or not column})
    if twice:
        raise RecordingError(f"{path}:1: columns without a name of their own: {', '.join(twice)}")
    name = device or ("ups" if "battery_voltage" in columns else "room")
    at = columns.index("time")
    channels = [(index, column) for index, column in enumerate(columns) if index != at]

    def to_frame(line: str) -> Frame:
        cells = next(csv.reader([line], strict=True))
        if len(cells) != len(columns):
            raise _RowError(f"has {len(cells)} cells where the header has {len(columns)}")
        values: dict[str, Scalar] = {
            column: cell_value(column, cell) for index, column in channels if (cell := cells[index].strip())
        }
        return Frame(time=_time(cells[at].strip()), device=name, zone=zone, values=values)

    return to_frame


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise _RowError(f"time: not a time (got {text!r:.60}); write it as 2026-01-31T12:00:00Z") from None


def _json_frame(line: str) -> Frame:
    data = json.loads(line)
    if not isinstance(data, dict):
        raise _RowError(f"is not a JSON object (got {line!r:.60})")
    return Frame.model_validate({key: value for key, value in data.items() if key not in _ENVELOPE})
