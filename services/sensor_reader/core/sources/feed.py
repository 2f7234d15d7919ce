"""Where frames come from, whatever that is: the port the stage drives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from shared.messages import Frame


@dataclass(frozen=True, slots=True)
class SourcePosition:
    """How far a source has been played: items done so far, and the time a simulation began."""

    position: int = 0
    anchor: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A piece of input that makes no frame: where it stands (file:line), its bytes and what is wrong."""

    where: str
    payload: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Item:
    """What a source gave at ``position``, which counts from 1."""

    position: int
    content: Frame | Refusal


class Source(Protocol):
    """Something that can be played again and gives the same items each time."""

    @property
    def name(self) -> str:
        """What it is, as one gives it on the command line; its place is kept under this name."""

    @property
    def has_life(self) -> bool:
        """Whether it stands for a machine that starts and stops (a recording does not)."""

    def place(self, stored: SourcePosition | None, now: datetime) -> SourcePosition:
        """Return where to go on: at what was stored, else at the beginning, with ``now`` as anchor if one is needed."""

    def items(self, place: SourcePosition) -> Iterator[Item]:
        """Yield the items after ``place``."""


class Feed(Protocol):
    """What the stage drives: live polling, or a source that is played."""

    @property
    def name(self) -> str:
        """The source's name."""

    @property
    def has_life(self) -> bool:
        """Whether start and stop of the reader are to be reported."""

    @property
    def live(self) -> bool:
        """Whether frames carry the time of the wall clock."""

    def open(self, stored: SourcePosition | None, now: datetime) -> None:
        """Begin at ``stored``, or at the beginning. Call once."""

    def next_due(self) -> float | None:
        """Return the monotonic second of the next item, 0 if that is at once, or None when all is done."""

    def poll(self, now: float, time: datetime, limit: int) -> Sequence[Frame | Refusal]:
        """Return what is due at ``now``, at most ``limit`` (a live poll may give one a device)."""

    def place(self) -> SourcePosition | None:
        """Return how far it is after the last ``poll``; None when there is nothing to keep."""

    def cut_power(self, device: str, after_s: int) -> Mapping[str, Any]:
        """Order a device's board to cut the power, and return what it will do; raises CutError."""
