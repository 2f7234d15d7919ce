"""Pages of a long answer: where one ended, so that the next goes on there."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TEXT = re.compile(r"(-?\d{1,19})-(\d{1,19})\Z")


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last event of a page: its time and its row. As text it is opaque to clients."""

    time_us: int
    row: int

    def __str__(self) -> str:
        return f"{self.time_us}-{self.row}"


def read_cursor(text: str) -> Cursor:
    """Return the cursor that a text stands for; raises ValueError for any other text."""
    found = _TEXT.match(text)
    if found is None:
        raise ValueError(f"is no cursor; give the one of the page before, as it came (got {text[:40]!r})")
    time_us, row = int(found[1]), int(found[2])
    if not -(2**63) <= time_us < 2**63 or row >= 2**63:
        raise ValueError(f"is no cursor; give the one of the page before, as it came (got {text!r})")
    return Cursor(time_us, row)
