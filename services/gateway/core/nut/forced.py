"""When the primary's host agent is past its point of no return, its supplies are about to lose power: FSD."""

from __future__ import annotations

from shared.messages import Status

PRIMARY = "host_agent"  # only the agent of this name cuts the power of others (docs/host-agent.md)
FINAL = ("secondaries", "cutting_power", "acting", "done")


def forced_by(status: Status) -> frozenset[str]:
    """Return the supplies that are about to lose power by a life sign of ``PRIMARY``, by its own figures.

    In a dry run, and on simulated readings, nothing is.
    """
    figures = status.figures
    ending = status.state == "online" and figures.get("phase") in FINAL and figures.get("dry_run") is False
    if not ending or figures.get("role") != "primary":
        return frozenset()
    return frozenset(str(figures.get("supplies", "")).split())
