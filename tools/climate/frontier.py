"""The frontier of the fan-only tent as a picture: time in the band against switches an hour."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 640, 300
LOW_PCT, HIGH_PCT = 83.0, 100.4
FEWEST, MOST = 3.0, 10.0
LETTER, LINE = 6.5, 12.0  # of the names


def svg(curve: Sequence[tuple[float, float]], others: Sequence[tuple[str, float, float]]) -> str:
    """Return the picture; points are (switches an hour, % in band), others have a name."""
    line = " ".join(f"{_x(switches):.1f},{_y(percent):.1f}" for switches, percent in sorted(curve))
    grid = "".join(
        f'<line x1="0" x2="{WIDTH}" y1="{_y(value):.1f}" y2="{_y(value):.1f}" stroke="#d5dae1"/>'
        f'<text x="-8" y="{_y(value) + 4:.1f}" text-anchor="end">{value} %</text>'
        for value in (84, 88, 92, 96, 100)
    )
    ticks = "".join(
        f'<text x="{_x(value):.1f}" y="{HEIGHT + 18}" text-anchor="middle">{value}</text>' for value in range(3, 11)
    )
    dots = "".join(f'<circle cx="{_x(s):.1f}" cy="{_y(p):.1f}" r="4" fill="#2f6fab"/>' for s, p in curve)
    seen = [each for each in others if FEWEST <= each[1] <= MOST and each[2] >= LOW_PCT]
    named = "".join(_named(*each, seen) for each in seen)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-60 -16 {WIDTH + 90} {HEIGHT + 62}" width="{WIDTH + 90}"'
        ' font-family="system-ui, sans-serif" font-size="12" fill="#4a5563">'
        f'<rect x="-60" y="-16" width="{WIDTH + 90}" height="{HEIGHT + 62}" fill="#fff"/>{grid}{ticks}'
        f'<polyline points="{line}" fill="none" stroke="#2f6fab" stroke-width="2"/>{dots}{named}'
        f'<text x="{WIDTH / 2}" y="{HEIGHT + 38}" text-anchor="middle">switches an hour, fan-only tent</text></svg>\n'
    )


def _named(name: str, switches: float, percent: float, others: Sequence[tuple[str, float, float]]) -> str:
    """Return a point with its name on its right, or on its left where another point is in the way."""
    x, y = _x(switches), _y(percent)
    crowded = any(0 < _x(s) - x < LETTER * len(name) + 16 and abs(_y(p) - y) < LINE for _, s, p in others)
    place = f'x="{x - 8:.1f}" text-anchor="end"' if crowded else f'x="{x + 8:.1f}"'
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#d1602b"/>'
    return f'{dot}<text {place} y="{y + 4:.1f}">{escape(name)}</text>'


def _x(switches: float) -> float:
    return WIDTH * (switches - FEWEST) / (MOST - FEWEST)


def _y(percent: float) -> float:
    return HEIGHT * (HIGH_PCT - percent) / (HIGH_PCT - LOW_PCT)
