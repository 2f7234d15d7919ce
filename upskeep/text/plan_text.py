"""A shutdown plan as lines for a terminal; what its fields mean: ``services/host_agent/core/plan.py``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Row = Mapping[str, Any]


def lines(plan: Row) -> list[str]:
    """Return the plan, a section after the other."""
    return [
        *_head(plan),
        "",
        "supplies",
        *(f"  {row['device']:<10} {_supply(row)}" for row in plan["supplies"]),
        "policies",
        *(f"  {row['device']:<10} {row['policy']:<52} {_due(row['in_s'])}" for row in plan["policies"]),
        "what would happen",
        *(f"  {_when(row):<24} {row['what']}" for row in plan["steps"]),
        "what keeps the host up",
        *(f"  {text}" for text in plan["obstacles"] or ["nothing"]),
        *_last(plan.get("last_shutdown")),
    ]


def _head(plan: Row) -> Iterator[str]:
    dry = ", dry run" if plan["dry_run"] else ""
    yield f"{plan['host']} ({plan['role']}{dry}): {plan['phase'].replace('_', ' ')} for {plan['in_phase_s']:.0f} s"
    if plan["why"]:
        yield f"because: {plan['why']}"


def _supply(row: Row) -> str:
    if row["heard_s_ago"] is None:
        return "never heard" + (f" ({row['doubt']})" if row["doubt"] else "")
    texts = {
        "on_battery_s": f"on battery for {row['on_battery_s'] or 0:.0f} s" if row["power"] == "battery" else "on mains",
        "battery": f"battery {row['battery']}",
        "charge_percent": f"charge {row['charge_percent'] or 0:.1f} %",
        "runtime_left_s": f"{'at least ' if row['runtime_is_estimate'] else ''}{row['runtime_left_s'] or 0:.0f} s left",
    }
    known = [text for name, text in texts.items() if name == "on_battery_s" or row[name] is not None]
    age = f"heard {row['heard_s_ago']:g} s ago" + ("" if row["fresh"] else ", which is too long")
    return ", ".join([*known, age]) + (f" ({row['doubt']})" if row["doubt"] else "")


def _due(in_s: float | None) -> str:
    if in_s is None:
        return "does not hold"
    return "holds" if in_s == 0 else f"in {in_s:g} s, if nothing changes"


def _when(row: Row) -> str:
    earliest, latest = row["earliest_s"], row["latest_s"]
    if earliest is None:
        return "once a policy holds"
    return f"in {earliest:g} s" if earliest == latest else f"in {earliest:g} to {latest:g} s"


def _last(last: Row | None) -> Iterator[str]:
    if last:
        yield f"last shutdown: {last.get('time', '?')}, {last.get('why', '?')}"
