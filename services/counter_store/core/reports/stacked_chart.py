"""Charts as data: stacked columns, placed on a canvas from its upper left corner down. The page draws them.

One scale a chart, from 0 to a round number; a count above 0 has a height that can be seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

LEAST = 1.5  # units of the canvas: what is there must be seen
WIDEST = 40.0  # of a bar: few are drawn apart, not broad
LABEL = 90.0  # units of the canvas that a name below the ground needs


@dataclass(frozen=True, slots=True)
class Bar:
    """One part of a column."""

    x: float
    y: float
    width: float
    height: float
    key: str


@dataclass(frozen=True, slots=True)
class Column:
    """One piece of time: its parts from the ground up, where it stands, and what it says in words."""

    x: float
    width: float
    label: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale, or a label below the ground, at a distance from the canvas's corner."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart of ``width`` by ``height``."""

    width: float
    height: float
    columns: tuple[Column, ...]
    scale: tuple[Tick, ...]
    labels: tuple[Tick, ...]


def chart(
    pieces: Sequence[tuple[str, str, Mapping[str, int]]], keys: Sequence[str], width: float, height: float
) -> Chart:
    """Return the chart of (name, short name, counts by key); ``keys`` are stacked in their order."""
    top = round_up(max((sum(counts.get(key, 0) for key in keys) for *_, counts in pieces), default=0))
    step = width / max(1, len(pieces))
    columns = tuple(
        _column(name, counts, keys, (at * step, step, height), top) for at, (name, _, counts) in enumerate(pieces)
    )
    return Chart(width, height, columns, _scale(top, height), _labels([name for _, name, _ in pieces], step))


def round_up(value: int) -> int:
    """Return the next of 1, 2, 4, 6, 8, 10, 20, 30, 40, 50, 60, 80, 100 …: from 2 on their half is whole too."""
    if value <= 1:
        return 1
    power = int(10 ** (len(str(value)) - 1))
    steps = (1, 2, 3, 4, 5, 6, 8, 10) if power > 1 else (2, 4, 6, 8, 10)
    return next(step * power for step in steps if step * power >= value)


def _column(
    label: str, counts: Mapping[str, int], keys: Sequence[str], place: tuple[float, float, float], top: int
) -> Column:
    x, step, height = place
    wide = min(WIDEST, step - min(2.0, step * 0.2))
    left = round(x + (step - wide) / 2, 2)
    ground, bars = height, []
    for key in keys:
        count = counts.get(key, 0)
        if count:
            tall = max(LEAST, count / top * height)
            ground -= tall
            bars.append(Bar(left, round(ground, 2), round(wide, 2), round(tall, 2), key))
    listed = ", ".join(f"{counts[key]:,} {key}" for key in keys if counts.get(key)) or "none"
    return Column(round(x, 2), round(step, 2), f"{label}: {listed}", tuple(bars))


def _scale(top: int, height: float) -> tuple[Tick, ...]:
    middle = (top // 2,) if top % 2 == 0 else ()
    return tuple(Tick(round(height - value / top * height, 2), short(value)) for value in (0, *middle, top))


def _labels(texts: Sequence[str], step: float) -> tuple[Tick, ...]:
    every = max(1, ceil(LABEL / step))
    return tuple(Tick(round((at + 0.5) * step, 2), text) for at, text in enumerate(texts) if at % every == 0)


def short(value: int) -> str:
    """Return a number in few signs: 950, 1.5k, 20k, 3M."""
    for unit, sign in ((1_000_000, "M"), (1_000, "k")):
        if value >= unit:
            return f"{value / unit:.1f}".removesuffix(".0") + sign
    return str(value)
