"""Fault flags by name, as one channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

NONE = "none"


def fault_channel(decoded: Mapping[str, float], flags: Iterable[str], more: Iterable[str] = ()) -> dict[str, str]:
    """Return ``fault``: the names of ``flags`` that are set, then ``more``, joined by commas; 'none' for none."""
    named = [*(name for name in flags if decoded.get(name)), *more]
    return {"fault": ", ".join(named) or NONE}
