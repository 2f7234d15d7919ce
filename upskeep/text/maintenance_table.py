"""What is due at every device, as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from upskeep.text.table import FittedTable
from upskeep.text.times import IN_UTC, Times

Answer = Mapping[str, Any]
BY_MONTH = {
    "month": "month",
    "discharges": "discharges",
    "mean_depth_percent": "depth, %",
    "deepest_percent": "deepest, %",
    "mean_temperature_c": "°C",
    "highest_temperature_c": "hottest, °C",
}
WHAT = {"battery": "battery", "calibration": "calibration", "self_test": "self-test"}


def maintenance_table(devices: Sequence[Answer], times: Times = IN_UTC) -> RenderableType:
    """Return a row for each thing that is due, the overdue first; below them the months of each battery."""
    found = [(device["device"], item) for device in devices for item in device["items"]]
    found.sort(key=lambda row: (not row[1]["overdue"], row[1].get("due") or "9999", row[0]))
    rows = [
        (device, WHAT[item["what"]], _due(item, times), _between(item, times), item["why"]) for device, item in found
    ]
    table = FittedTable(("device", "what", "due", "between", "why"), rows, spare=(4, 3))
    lived = [
        (device, *(_shown(month.get(name)) for name in BY_MONTH))
        for device, item in found
        for month in reversed(item.get("months", ()))
    ]
    return Group(table, Text(""), FittedTable(("device", *BY_MONTH.values()), lived)) if lived else table


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float | int) else str(value)


def _due(item: Answer, times: Times) -> Text:
    if item["overdue"]:
        return Text("overdue", style="bold red")
    if not item.get("due"):
        return Text("not known", style="dim")
    return Text(times.minute(item["due"])[:10])


def _between(item: Answer, times: Times) -> str:
    """The interval that holds nine truths in ten."""
    for reach in item.get("reaches", ()):
        latest = times.minute(reach["latest"])[:10] if reach.get("latest") else "never"
        return f"{times.minute(reach['earliest'])[:10]} – {latest}"
    return ""
