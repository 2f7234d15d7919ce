"""``storage_file``: the totals as a file, for people and for programs that read the UPS Monitor's. It is only a copy.

Rules:
1. It is written every ``interval_s`` of event time, if a total has changed, and atomically.
2. A file that no store has written is not overwritten: it may be the UPS Monitor's only one.
3. If it cannot be written counting continues, with a retry an interval later.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from services.counter_store.adapters.reports.files import put
from services.counter_store.core.time_units import US_PER_S
from shared.event_counters import TOTALS
from shared.instants import us_to_time
from shared.messages import Counter
from shared.small_file import read_small

log = logging.getLogger(__name__)


class CountersFile:
    """The file of one store."""

    def __init__(self, path: Path, interval_s: int, site: str) -> None:
        self._path = path
        self._interval_us = interval_s * US_PER_S
        self._site = site
        self._tried_us: int | None = None
        self._written: dict[str, int] | None = None
        self.failures = 0

    def figures(self) -> dict[str, int]:
        """Return how often it could not be written, if ever."""
        return {"counters_unwritten": self.failures} if self.failures else {}

    def save(self, as_of_us: int | None, counters: Callable[[], Iterable[Counter]]) -> None:
        """Write the file if it is due; log an error."""
        tried_us = self._tried_us
        if as_of_us is None or (tried_us is not None and tried_us <= as_of_us < tried_us + self._interval_us):
            return
        self._tried_us = as_of_us
        totals = {one.type: one.total for one in counters()}
        if totals == self._written:
            return
        try:
            self._put({"last_updated": _text(as_of_us), "counters": totals})
        except OSError as error:
            self.failures += 1
            log.warning("the counters cannot be written to %s (storage_file): %s", self._path, error)
        else:
            self._written = totals

    def _put(self, content: dict[str, Any]) -> None:
        if self._path.exists() and not _ours(self._path):
            raise FileExistsError(
                "it holds what another program has counted, and stays as it is. Count it with `upskeep import`, then"
                " move it away or give storage_file another name"
            )
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({TOTALS: 1, "site": self._site, **content}, indent=2)
        put(self._path, f"{text}\n".encode())


def _ours(path: Path) -> bool:
    return TOTALS.encode() in read_small(path)[:64]


def _text(us: int) -> str:
    return us_to_time(us).isoformat(timespec="microseconds")[:-6] + "Z"
