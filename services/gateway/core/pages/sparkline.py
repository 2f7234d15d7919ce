"""A small curve as SVG."""

from __future__ import annotations

from collections.abc import Sequence

import htpy as h

from services.gateway.core.pages.words import channel_name, span_text, value_text
from services.gateway.core.traces import Point

WIDTH, HEIGHT, EDGE = 160, 36, 3


def sparkline(points: Sequence[Point], words: str) -> h.Node:
    """Return the curve of at least two points; ``words`` describes it to who does not see it."""
    if len(points) < 2:
        return None
    low, high = min(value for _, value in points), max(value for _, value in points)
    began, ended = points[0][0], points[-1][0]

    def place(point: Point) -> str:
        x = EDGE + (WIDTH - 2 * EDGE) * (point[0] - began) / max(ended - began, 1e-9)
        share = (point[1] - low) / (high - low) if high > low else 0.5
        return f"{x:.1f},{HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * share:.1f}"

    box = f"0 0 {WIDTH} {HEIGHT}"
    return h.svg(".spark", viewBox=box, role="img", aria_label=words, preserveAspectRatio="none")[
        h.polyline(points=" ".join(map(place, points)), fill="none")
    ]


def course(points: Sequence[Point], channel: str, *, simulated: bool) -> h.Node:
    """Return the curve of a channel's last points, and below it which channel, for how long, between which values.

    A simulation has a pace of its own, so of one there is no word on how long.
    """
    if len(points) < 2:
        return None
    values = [value for _, value in points]
    low, high = value_text(channel, min(values)), value_text(channel, max(values))
    span = "" if simulated else f", last {span_text(points[-1][0] - points[0][0])}"
    words = f"{channel_name(channel)}{span}: {low if low == high else f'between {low} and {high}'}"
    return h.figure(".course")[h.div(aria_hidden="true")[sparkline(points, words)], h.figcaption[words]]
