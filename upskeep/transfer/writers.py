"""Files of rows: JSON, JSON lines, CSV, Parquet. Each row is written as it comes, so a file may be longer than memory.

A file is written beside its place, and put there when it is whole: one that was given up leaves nothing behind.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

from services.counter_store.core.reports.tabular import guarded
from shared.client.client import ClientError
from shared.extras import needs
from upskeep.transfer.rows import COLUMNS, Row, as_cells

GROUP = 20_000  # rows of a Parquet row group: what is held in memory


class Writer(Protocol):
    """Takes rows one after the other."""

    def write(self, row: Row) -> None:
        """Write a row."""

    def close(self) -> None:
        """Write what is still to be written."""


class JsonLines:
    """A JSON object a line."""

    def __init__(self, path: Path, _: str) -> None:
        self._out = path.open("w", encoding="utf-8")

    def write(self, row: Row) -> None:
        """Write a row."""
        self._out.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Close the file."""
        sync(self._out)


class Json:
    """One array, an object a line."""

    def __init__(self, path: Path, _: str) -> None:
        self._out = path.open("w", encoding="utf-8")
        self._array = array(self._out)
        self._out.write("[")

    def write(self, row: Row) -> None:
        """Write a row."""
        self._array(row)

    def close(self) -> None:
        """End the array and close the file."""
        self._out.write("\n]\n")
        sync(self._out)


class Csv:
    """RFC 4180 in UTF-8; what a spreadsheet would take for a formula is guarded."""

    def __init__(self, path: Path, what: str) -> None:
        self._names = list(COLUMNS[what])
        self._out = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._out)
        self._writer.writerow(self._names)

    def write(self, row: Row) -> None:
        """Write a row."""
        cells = as_cells(row)
        self._writer.writerow([_cell(cells.get(name)) for name in self._names])

    def close(self) -> None:
        """Close the file."""
        sync(self._out)


class Parquet:
    """Columns with types, compressed, ``GROUP`` rows at a time."""

    def __init__(self, path: Path, what: str) -> None:
        arrow, parquet = pyarrow()
        kinds = {str: arrow.string(), int: arrow.int64(), float: arrow.float64(), bool: arrow.bool_()}
        self._schema = arrow.schema([(name, kinds[kind]) for name, kind in COLUMNS[what].items()])
        self._table = arrow.Table
        self._out = parquet.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[Row] = []

    def write(self, row: Row) -> None:
        """Write a row."""
        self._rows.append(as_cells(row))
        if len(self._rows) == GROUP:
            self._flush()

    def close(self) -> None:
        """Write the last group and the file's foot."""
        self._flush()
        self._out.close()

    def _flush(self) -> None:
        if self._rows:
            self._out.write_table(self._table.from_pylist(self._rows, schema=self._schema))
            self._rows = []


WRITERS: dict[str, Callable[[Path, str], Writer]] = {"json": Json, "jsonl": JsonLines, "csv": Csv, "parquet": Parquet}


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return guarded(value) if isinstance(value, str) else value


def array(out: IO[str]) -> Callable[[Any], None]:
    """Return what writes one element after the other of a JSON array that has been begun."""
    begun = False

    def write(value: Any) -> None:
        nonlocal begun
        out.write(("," if begun else "") + "\n" + json.dumps(value, ensure_ascii=False))
        begun = True

    return write


@contextmanager
def beside(path: Path) -> Iterator[Path]:
    """Yield where to write; what is there at the end is put into its place, and removed if it comes to no end."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    part.touch(exist_ok=False)  # a link that somebody has put there is not followed
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def write_rows(path: Path, form: str, what: str, rows: Iterable[Row], step: Callable[[], None]) -> int:
    """Write rows of ``what`` and return how many; raises OSError, ClientError where the format is not to be had."""
    written = 0
    with beside(path) as part:
        writer = WRITERS[form](part, what)
        try:
            for row in rows:
                writer.write(row)
                written += 1
                step()
        finally:
            writer.close()
    return written


def sync(out: IO[str]) -> None:
    """Close a file when it is on the disk."""
    out.flush()
    os.fsync(out.fileno())
    out.close()


def pyarrow() -> tuple[Any, Any]:
    """Return pyarrow and pyarrow.parquet; raises ClientError where there are none."""
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError:
        raise ClientError(f"Parquet {needs('pyarrow')}; csv and jsonl need nothing") from None
    return arrow, parquet
