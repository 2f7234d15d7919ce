"""Numbers, times and spans as people read them."""

from __future__ import annotations

from datetime import datetime

from shared.messages import Alert
from shared.quantities import QUANTITIES
from shared.safe_text import safe_text
from shared.values import Scalar

NAMES: dict[str, str] = {  # where the words of a channel's name alone would not do
    "state_of_charge": "charge",
    "estimated_charge": "charge, estimated",
    "estimated_runtime_s": "runtime, estimated",
    "estimated_runtime_low_s": "runtime, at least",
    "runtime_left_s": "runtime, by the UPS",
    "co2": "CO₂",
    "vapour_pressure_deficit": "VPD",
    "leaf_vapour_pressure_deficit": "VPD at the leaf",
    "cpu_temperature": "processor",
}
LONGEST = 200


def channel_name(channel: str) -> str:
    """Return a channel's name in words."""
    return NAMES.get(channel, safe_text(channel.removesuffix("_s").replace("_", " ")))


def value_text(channel: str, value: Scalar) -> str:
    """Return a value with its unit: ``3.46 V``, ``38 min``, ``yes``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return safe_text(value)[:LONGEST]
    quantity = QUANTITIES.get(channel)
    if quantity is None:
        return f"{value:g}"
    if quantity.unit == "s":
        return span_text(value)
    unit = "" if quantity.unit == "1" else f" {quantity.unit}"
    return f"{value:,.{min(quantity.decimals, 2)}f}{unit}"


def span_text(seconds: float) -> str:
    """Return a span in its two largest units: ``45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h" + (f" {whole % 3600 // 60} min" if whole % 3600 >= 60 else "")
    return f"{whole // 86_400} d" + (f" {whole % 86_400 // 3600} h" if whole % 86_400 >= 3600 else "")


def time_text(time: datetime) -> str:
    """Return a time to the second, in UTC; a script shows it in the reader's own zone."""
    return f"{time:%Y-%m-%d %H:%M:%S}Z"


def headline(alert: Alert) -> str:
    """Return what an alert says first: the summary of its rule where there is one, else its message."""
    return safe_text(alert.annotations.get("summary") or alert.message)[:LONGEST]


def plural(count: int, one: str, many: str) -> str:
    """Return ``1 alert`` or ``3 alerts``."""
    return f"{count:,} {one if count == 1 else many}"
