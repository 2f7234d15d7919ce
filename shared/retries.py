"""How long to wait before something that failed is tried again."""

from __future__ import annotations

LONGEST_ASKED_WAIT_S = 3600.0


def pause_s(failures: int, first_s: float, longest_s: float, jitter: float, asked_s: float | None = None) -> float:
    """Return the pause after so many failures in a row (from 1): doubling, capped, spread by ``jitter`` in 0…1.

    ``asked_s`` is what the other side asks for (Retry-After): never less than that, and at most an hour of it.
    """
    pause = min(longest_s, first_s * 2.0 ** min(failures - 1, 60)) * (0.5 + jitter / 2)
    return pause if asked_s is None else max(pause, min(asked_s, LONGEST_ASKED_WAIT_S))
