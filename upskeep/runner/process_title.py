"""What ``ps`` and ``top`` show of a process."""

from __future__ import annotations

try:
    from setproctitle import setproctitle
except ImportError:  # no wheel for this machine: it keeps the title of Python
    setproctitle = None  # type: ignore[assignment]


def show_as(title: str) -> None:
    """Let ``ps`` and ``top`` show which process this is, where that can be."""
    if setproctitle is not None:
        setproctitle(f"upskeep: {title}")
