"""How a batch of points is written: whole, or in halves until the refused line is alone.

A refused batch is halved, because servers name the faulty line each in their own words, or not at all. To write good
lines a second time changes nothing, since series and timestamp identify a point.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared.retries import pause_s

FIRST_WAIT_S = 1.0


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the outbox under its number there."""

    seq: int
    line: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """What is still to be written of a batch, piece by piece, oldest first."""

    pieces: tuple[tuple[Point, ...], ...]


def plan_shipment(points: Sequence[Point]) -> Shipment:
    """Begin with all of it in one piece."""
    return Shipment((tuple(points),) if points else ())


def after_written(shipment: Shipment) -> Shipment:
    """Go on to the next piece."""
    return Shipment(shipment.pieces[1:])


def after_refused(shipment: Shipment) -> tuple[Shipment, Point | None]:
    """Halve the first piece; if it is a single line, drop it and return it as the one to set aside."""
    piece, *rest = shipment.pieces
    if len(piece) == 1:
        return Shipment(tuple(rest)), piece[0]
    middle = len(piece) // 2
    return Shipment((piece[:middle], piece[middle:], *rest)), None


def back_off_s(failures: int, longest_s: float, jitter: float, retry_after_s: float | None) -> float:
    """Return how long to wait after ``failures`` in a row (from 1): doubling, capped, spread by ``jitter`` in 0…1.

    A server's Retry-After counts as the least wait, up to an hour.
    """
    return pause_s(failures, FIRST_WAIT_S, longest_s, jitter, retry_after_s)
