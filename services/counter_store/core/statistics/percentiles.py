"""Percentiles that were measured: by nearest rank, so each is one of the values and never one between two."""

from __future__ import annotations

from collections.abc import Sequence


def nearest_rank(ordered: Sequence[float], percent: int) -> float:
    """Return the least of the ordered values that ``percent`` of them do not exceed; of none there is no rank."""
    return ordered[max(1, -(-percent * len(ordered) // 100)) - 1]
