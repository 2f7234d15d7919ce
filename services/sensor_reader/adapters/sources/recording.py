"""Recordings: CSV (``csv_rows``) or JSONL (a Frame a line), played row by row.

Rules:
1. A file is read line by line and never held as a whole; a row is one line.
2. A row that is not right is refused, with file:line and what was found, and the rest plays on.
3. An empty cell means that the channel was not read. Numbers are floats, so that a channel keeps one type.
4. A row of CSV that is older than one of its device before it is refused: it changes nothing of what is known since.
   A line of JSONL may be, for a clock that stepped back shows in it.
5. The place is the number of rows played over all files in turn; blank lines count too.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from pydantic import ValidationError

from services.sensor_reader.adapters.sources.csv_rows import PART, HeaderError, Row, csv_rows, is_no_row, read_header
from services.sensor_reader.core.reading import within_range
from services.sensor_reader.core.sources.feed import Item, Refusal, SourcePosition
from shared.messages import Frame
from shared.quantities import QUANTITIES

_BOM = b"\xef\xbb\xbf"
_AIR = frozenset(name for name, quantity in QUANTITIES.items() if quantity.sensor)  # a UPS has limits of its own
_ENVELOPE = ("producer", "epoch", "seq")


class RecordingError(Exception):
    """A recording that cannot be played at all: missing, of no known kind, or without a usable header."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A ``Source`` over files in turn. ``device`` and ``zone`` are for CSV, whose rows name neither."""

    files: tuple[Path, ...]
    device: str | None = None
    zone: str | None = None
    timezone: tzinfo | None = None  # of times that name none
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
        newest: dict[str, datetime] = {}
        for path in self.files:
            for number, line, to_frame in self._rows(path):
                position += 1
                if is_no_row(line) or not line.strip():
                    continue
                content = _content(path, number, line, to_frame)
                if isinstance(content, Frame) and to_frame is not _json_frame:
                    content = _in_order(content, newest, path, number, line)
                if position > place.position:
                    yield Item(position, content)

    def _rows(self, path: Path) -> Iterator[tuple[int, bytes, Row]]:
        try:
            with path.open("rb") as file:
                lines = enumerate(file, start=1)
                first = next(lines, (1, b""))
                first = (1, first[1].removeprefix(_BOM))
                if path.suffix.lower() == ".csv":
                    while is_no_row(first[1]):
                        first = next(lines, (first[0] + 1, b""))
                    to_frame = self._csv(path, *first)
                elif path.suffix.lower() in (".jsonl", ".ndjson"):
                    to_frame = _json_frame
                    yield (*first, to_frame)
                else:
                    raise RecordingError(
                        f"{path}: a recording is .csv or .jsonl, not {path.suffix or 'without ending'}"
                    )
                for number, line in lines:
                    if line != first[1] or to_frame is _json_frame:  # InfluxDB names the columns of each table anew
                        yield number, line, to_frame
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror}; check the name and the rights") from error

    def _csv(self, path: Path, number: int, header: bytes) -> Row:
        try:
            columns = read_header(header.decode("utf-8").rstrip("\r\n"), self.device, self.zone)
        except HeaderError as error:
            raise RecordingError(f"{path}:{number}: {error}") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise RecordingError(f"{path}:{number}: the header cannot be read: {error}") from error
        return csv_rows(columns, self.timezone)


def _in_order(frame: Frame, newest: dict[str, datetime], path: Path, number: int, line: bytes) -> Frame | Refusal:
    """Return the frame, or a refusal where a newer one of its device came before it."""
    known = newest.get(frame.device)
    if known is not None and frame.time < known:
        where = f"{path}:{number}"
        return Refusal(
            where, line, f"{where}: its time is before {known:%Y-%m-%dT%H:%M:%SZ}, which a row before it has"
        )
    newest[frame.device] = frame.time
    return frame


def _content(path: Path, number: int, line: bytes, to_frame: Row) -> Frame | Refusal:
    try:
        return to_frame(line.decode("utf-8").rstrip("\r\n"))
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8 (byte {error.start + 1}: {line[error.start]:#04x})"
    except ValidationError as error:
        reason = _first_faults(error)
    except (csv.Error, ValueError) as error:
        reason = str(error)
    except RecursionError:
        reason = "is nested too deep for JSON"
    where = f"{path}:{number}"
    return Refusal(where, line, f"{where}: {reason}")


def _first_faults(error: ValidationError) -> str:
    faults = {".".join(map(str, fault["loc"][:2])): fault for fault in reversed(error.errors())}
    return "; ".join(f"{where}: {fault['msg']} (got {fault['input']!r:.60})" for where, fault in sorted(faults.items()))


def _json_frame(line: str) -> Frame:
    data = json.loads(line)
    if not isinstance(data, dict):
        raise ValueError(f"is not a JSON object (got {line!r:.60})")
    frame = Frame.model_validate({key: value for key, value in data.items() if key not in _ENVELOPE})
    measured = {name: value for name, value in frame.values.items() if name in _AIR}
    good, doubts = within_range(measured)
    if not doubts:
        return frame
    values = {name: value for name, value in frame.values.items() if name not in measured or name in good}
    return frame.model_copy(
        update={"values": values, "errors": (*frame.errors, *(doubt.error(PART) for doubt in doubts))}
    )
