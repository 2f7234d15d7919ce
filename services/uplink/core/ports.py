"""The port to the fleet's log, and its errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Entry(NamedTuple):
    """One record as the log keeps it."""

    key: bytes
    value: bytes


class Unavailable(Exception):  # noqa: N818 - a state of the log
    """The log did not confirm everything now and may later: keep it all, wait, write it again.

    A wrong password, a missing topic and a wrong address are of this kind too: once put right, nothing is lost.
    """


class Refused(Exception):  # noqa: N818 - the outcome of the records
    """Something in this batch will never be accepted as it is; a part of it may have been written."""


class SiteLog(Protocol):
    """Where records go.

    What a batch that was not confirmed has left in the log is a beginning of it, never a later record without an
    earlier one. So to write it again repeats records and swaps none.
    """

    def write(self, entries: Sequence[Entry]) -> None:
        """Return when all replicas that are in step hold every entry, in order; raises Unavailable or Refused."""

    def interrupt(self) -> None:
        """End the write under way, and let none begin; called from another thread."""

    def close(self) -> None:
        """Let go of connections; safe to call twice."""
