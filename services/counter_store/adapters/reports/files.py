"""The folder of written reports, named as ``daily-2026-01-31.html`` and ``weekly-2026-W05.csv``.

Rules:
1. A file is written beside its place and renamed, so that it is never seen half written.
2. The newest ``KEEP`` periods of each kind stay. Files with other names are never removed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path

from services.counter_store.adapters.reports.formats import FORMATS
from services.counter_store.core.reports.report import Report
from services.counter_store.core.reports.schedule import Kind, Period
from shared.event_counters import ReportFormat

KEEP: dict[Kind, int] = {"daily": 92, "weekly": 104}
_NAME = re.compile(r"(daily|weekly)-([0-9]{4}-(?:[0-9]{2}-[0-9]{2}|W[0-9]{2}))\.(json|csv|md|html)\Z")


class ReportFiles:
    """The reports in a folder, which is made when the first is written."""

    def __init__(self, folder: Path, formats: Sequence[ReportFormat]) -> None:
        self.folder = folder
        self.formats = formats

    def write(self, period: Period, report: Report) -> tuple[str, ...]:
        """Write a report in every format, and remove old ones; return the names. Raises OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        names = []
        for each in self.formats:
            ending, render = FORMATS[each]
            name = f"{period.kind}-{period.name}.{ending}"
            put(self.folder / name, render(report).encode())
            names.append(name)
        self._prune(period.kind)
        return tuple(names)

    def _prune(self, kind: Kind) -> None:
        found: dict[str, list[Path]] = {}
        for path in self.folder.iterdir():
            match = _NAME.match(path.name)
            if match is not None and match[1] == kind:
                found.setdefault(match[2], []).append(path)
        for name in sorted(found)[: -KEEP[kind]]:
            for path in found[name]:
                path.unlink(missing_ok=True)


def put(path: Path, content: bytes) -> None:
    """Write a file atomically; raises OSError."""
    beside = path.with_name(f".{path.name}.part")
    try:
        beside.unlink(missing_ok=True)
        with beside.open("xb") as out:  # a planted link is not followed
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
