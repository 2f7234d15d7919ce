"""The port to a store of points, and its errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Unavailable(Exception):  # noqa: N818 - a state of the store
    """The store did not take the lines now and may later: keep them, wait and retry.

    A wrong token, a missing bucket and a wrong address are Unavailable too: once they are put right, nothing is lost.
    """

    def __init__(self, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class TooMuch(Unavailable):
    """The answer is longer than the bound: ask for less."""


class Refused(Exception):  # noqa: N818 - the outcome of the lines
    """A line of this batch will never be accepted as it is; the good ones may have been stored."""


class PointStore(Protocol):
    """Where points go. A line written twice is stored once."""

    def write(self, lines: Sequence[str]) -> None:
        """Return when every line is durably stored; raises Unavailable or Refused."""

    def close(self) -> None:
        """Close the connections; safe to call twice."""
