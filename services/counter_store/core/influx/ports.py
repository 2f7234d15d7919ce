"""The port to a store of points, and the two ways in which it says no."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Unavailable(Exception):  # noqa: N818 - it says what the store is
    """The store did not take the lines now and may later: keep them, wait, try again.

    A wrong token, a missing bucket and a wrong address are of this kind too: once put right, nothing is lost.
    """

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooMuch(Unavailable):
    """What it answers is longer than anybody reads: ask for less."""


class Refused(Exception):  # noqa: N818 - it says what became of the lines
    """Something in this batch will never be accepted as it is; the good lines of it may have been stored."""


class PointStore(Protocol):
    """Where points go. A line written twice is stored once."""

    def write(self, lines: Sequence[str]) -> None:
        """Return when every line is durably stored; raises Unavailable or Refused."""

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
