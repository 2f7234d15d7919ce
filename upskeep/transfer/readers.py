"""Files of events, read one event at a time: JSON, JSON lines, CSV, Parquet, a whole export, the seed's counters."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import ijson
from ijson.common import IncompleteJSONError, ObjectBuilder

from services.counter_store.core.reports.tabular import unguarded
from shared.client.client import ClientError
from shared.event_counters import TOTALS
from upskeep.transfer.rows import Row, from_cells
from upskeep.transfer.whole import MARK
from upskeep.transfer.writers import pyarrow

ENDINGS = {".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
CHUNK = 5_000
WHOLE = "`upskeep export history` or `upskeep export all` writes what can be imported"
DEEPEST = 64  # levels: ijson names the way to each value, so a file nested without end would take days
PART = 4096  # bytes that ijson reads at a time, and so the levels it may go through before it is stopped
DIGITS = 400  # longer than any number that a computer counts or measures with
_LONG = re.compile(rb"[0-9]{%d}" % (DIGITS + 1))


class CheckedFile:
    """A file of JSON whose overlong numbers reach no parser: ijson's C code dies of them (seen with 3.6.0)."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path = path
        self._file = file
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        """Return what is next; raises ClientError at ``DIGITS`` digits in a row."""
        data = self._file.read(size)
        text = self._tail + data
        if _LONG.search(text):
            raise ClientError(f"{self._path} cannot be read: it holds a number of more than {DIGITS:,} digits")
        self._tail = text[-DIGITS:]
        return data


def parsed(path: Path, file: IO[bytes]) -> Iterator[tuple[str, str, Any]]:
    """Yield (prefix, kind, value) of a file of JSON, as ijson does; raises ClientError beyond ``DEEPEST`` levels."""
    depth = 0
    for event in ijson.parse(CheckedFile(path, file), buf_size=PART, use_float=True):
        depth += event[1] in ("start_map", "start_array")
        depth -= event[1] in ("end_map", "end_array")
        if depth > DEEPEST:
            raise ClientError(f"{path} cannot be read: it is nested deeper than {DEEPEST} levels")
        yield event


@dataclass(slots=True)
class Source:
    """A file to be imported. ``origin`` and ``balances`` are known once its rows have been read."""

    path: Path
    form: str
    origin: str = ""
    balances: list[Row] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Yield each event with where it stands; raises ClientError where the file cannot be read."""
        self.origin = self.origin or f"file {self.path.name}"[:200]
        try:
            yield from self._reader()
        except (IncompleteJSONError, UnicodeDecodeError, RecursionError, csv.Error, OSError) as error:
            raise ClientError(f"{self.path} cannot be read: {_reason(error)}") from None

    def _reader(self) -> Iterator[tuple[str, Row]]:
        readers = {"json": self._json, "jsonl": self._lines, "csv": self._csv, "parquet": self._parquet}
        return readers[self.form]()

    def _lines(self) -> Iterator[tuple[str, Row]]:
        with self.path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield f"line {number}", self._object(f"line {number}", line)

    def _object(self, where: str, text: str) -> Row:
        try:
            found = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ClientError(f"{self.path} {where} is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise self._no_event(where, type(found).__name__)
        return found

    def _no_event(self, where: str, found: str) -> ClientError:
        return ClientError(f"{self.path} {where} holds a JSON {found}; an event is an object")

    def _csv(self) -> Iterator[tuple[str, Row]]:
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if "id" not in (rows.fieldnames or ()):
                raise ClientError(f"{self.path} holds no events: it has no column id; {WHOLE}")
            for number, cells in enumerate(rows, 1):
                where = f"row {cells['id'] or number}"
                if None in cells or None in cells.values():
                    raise ClientError(f"{self.path} {where} has not as many cells as the first row; is the file whole?")
                yield where, self._cells(where, {name: unguarded(cell) for name, cell in cells.items()})

    def _parquet(self) -> Iterator[tuple[str, Row]]:
        arrow, parquet = pyarrow()
        try:
            with parquet.ParquetFile(self.path) as file:
                for batch in file.iter_batches(CHUNK):
                    for number, row in enumerate(batch.to_pylist(), 1):
                        yield f"row {row.get('id') or number}", self._cells(f"row {number}", row)
        except arrow.ArrowException as error:
            raise ClientError(f"{self.path} cannot be read: {error}") from None

    def _cells(self, where: str, cells: Row) -> Row:
        try:
            return from_cells(cells)
        except (ValueError, RecursionError) as error:
            raise ClientError(f"{self.path} {where}: {error}") from None

    def _json(self) -> Iterator[tuple[str, Row]]:
        """Read an array of events, or a whole export, one event at a time."""
        number = 0
        with self.path.open("rb") as file:
            events = parsed(self.path, file)
            for prefix, kind, value in events:
                if prefix == "origin" and kind == "string":
                    self.origin = value
                elif kind == "start_map" and (prefix == "item" or _is_event(prefix)):
                    number += 1
                    yield f"event {number}", _build(events, prefix)
                elif kind == "start_map" and prefix == "balances.item":
                    self.balances.append(_build(events, prefix))
                elif not kind.startswith("end_") and (prefix == "item" or _is_event(prefix)):
                    raise self._no_event(f"event {number + 1}", kind.removeprefix("start_"))


def _reason(error: Exception) -> str:
    """Return the first line of why, without the drawing that ijson adds to it; it may come as bytes."""
    reason = error.args[0] if isinstance(error, IncompleteJSONError) and error.args else error
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
    return text.partition("\n")[0]


def _is_event(prefix: str) -> bool:
    return prefix.startswith("event_history.") and prefix.endswith(".item")


def _build(events: Iterator[tuple[str, str, Any]], prefix: str) -> Row:
    """Return the object that has just begun."""
    builder = ObjectBuilder()
    builder.event("start_map", None)
    for inner, kind, value in events:
        builder.event(kind, value)
        if inner == prefix and kind == "end_map":
            break
    found: Row = builder.value
    return found


def kind_of(path: Path) -> str:
    """Return ``events``, ``whole`` or ``seed``: what a JSON file is, by what it begins with; raises ClientError."""
    try:
        with path.open("rb") as file:
            for prefix, kind, value in parsed(path, file):
                if prefix == "" and kind == "start_array":
                    return "events"
                if prefix == "" and kind == "map_key":
                    if value == MARK:
                        return "whole"
                    if value == TOTALS:
                        raise ClientError(f"{path} holds totals to look at; what can be imported is an export of all")
                    if value in ("counters", "last_updated", "event_history", "export_timestamp"):
                        return "seed"
                    break
    except (IncompleteJSONError, OSError) as error:
        raise ClientError(f"{path} cannot be read: {_reason(error)}") from None
    raise ClientError(f"{path} is neither an export of Upskeep nor an event_counters.json; {WHOLE}")
