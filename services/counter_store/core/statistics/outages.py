"""How long what began lasted: events of one type paired with those that report its end, device by device."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

Turn = tuple[str | None, int]  # device, time in µs


@dataclass(frozen=True, slots=True)
class Outage:
    """From its first sign to its end; ``ended_us`` is None while it lasts."""

    device: str | None
    began_us: int
    ended_us: int | None


def pair_outages(began: Iterable[Turn], ended: Iterable[Turn]) -> list[Outage]:
    """Return the outages, by their beginnings. A second beginning is the same outage; an end without one is none.

    An end at the very time of a beginning comes after it: nothing lasts less than no time.
    """
    turns = sorted([*((us, 0, device) for device, us in began), *((us, 1, device) for device, us in ended)], key=_order)
    since: dict[str | None, int] = {}
    found: list[Outage] = []
    for us, is_end, device in turns:
        if not is_end:
            since.setdefault(device, us)
        elif device in since:
            found.append(Outage(device, since.pop(device), us))
    found += [Outage(device, us, None) for device, us in since.items()]
    return sorted(found, key=lambda outage: (outage.began_us, outage.device or ""))


def overlap_us(outage: Outage, after_us: int, until_us: int) -> int:
    """Return how much of an outage lies between two times."""
    ended_us = until_us if outage.ended_us is None else min(outage.ended_us, until_us)
    return max(0, ended_us - max(outage.began_us, after_us))


def _order(turn: tuple[int, int, str | None]) -> tuple[int, int]:
    return turn[0], turn[1]
