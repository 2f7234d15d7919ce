"""What brings a factor's points back, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from shared.messages import Time

NAMED = 5  # devices that a remedy names: the health is a retained message


def remedy_of(ends: Sequence[str], devices: Sequence[str], recovers: Time | None) -> str:
    """Return the sentence; ``recovers`` is None while it lasts, and ``ends`` are the types that report its end."""
    more = f" and {len(devices) - NAMED} more" if len(devices) > NAMED else ""
    where = f" on {', '.join(devices[:NAMED])}{more}" if devices else ""
    if recovers is None:
        return f"lasts{where} until {' or '.join(ends)} comes; then its points come back over 7 days"
    return f"all points are back on {recovers:%Y-%m-%d %H:%M} UTC unless it happens again{where}"
