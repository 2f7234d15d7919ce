"""The devices' channels as gauges, in base units: ``battery_voltage`` is ``upskeep_battery_voltage_volts``."""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.gateway.core.metrics.families import PREFIX, Family
from shared.messages import DeviceState
from shared.quantities import FACTS, QUANTITIES, WORDS

MOST_SAMPLES = 20_000  # of all channels together
# unit of a channel: what its metric's name ends with, and the factor to the base unit
BASE_UNITS: dict[str, tuple[str, float]] = {
    "V": ("volts", 1.0),
    "A": ("amperes", 1.0),
    "W": ("watts", 1.0),
    "VA": ("voltamperes", 1.0),
    "Ah": ("coulombs", 3600.0),
    "mAh": ("coulombs", 3.6),
    "Wh": ("joules", 3600.0),
    "mΩ": ("ohms", 0.001),
    "s": ("seconds", 1.0),
    "Hz": ("hertz", 1.0),
    "B": ("bytes", 1.0),
    "%": ("ratio", 0.01),
    "%/h": ("ratio_per_second", 0.01 / 3600),
    "1/h": ("per_second", 1 / 3600),
    "°C": ("celsius", 1.0),
    "kPa": ("pascals", 1000.0),
    "hPa": ("pascals", 100.0),
    "g/m³": ("grams_per_cubic_meter", 1.0),
    "ppm": ("ratio", 1e-6),
    "lx": ("lux", 1.0),
    "cycles": ("", 1.0),
    "1": ("", 1.0),
}
NOT_SHOWN = WORDS | {"clean"}  # words, and the reader's own life
DIGITS = 12  # what is left of a factor's rounding is no reading
_NO_NAME = re.compile(r"[^a-z0-9_]")


def metric_of(channel: str) -> tuple[str, float, str]:
    """Return the name of a channel's metric, the factor from the channel's unit, and the help text.

    A channel outside the registry keeps its unit, which nobody knows, and its name.
    """
    quantity = QUANTITIES.get(channel)
    unit, factor = BASE_UNITS[quantity.unit] if quantity else ("", 1.0)
    stem = _NO_NAME.sub("_", channel.lower())
    if unit == "seconds":
        stem = stem.removesuffix("_s")
    if unit == "bytes":
        stem = stem.removesuffix("_bytes")
    text = quantity.description if quantity else FACTS.get(channel, f"the channel {channel}, in a unit of its own")
    return PREFIX + stem + (f"_{unit}" if unit else ""), factor, _sentence(text)


def channel_families(states: Iterable[DeviceState]) -> list[Family]:
    """Return one gauge for each channel that any of these devices has a number or a yes or no for."""
    families: dict[str, Family] = {}
    room = MOST_SAMPLES
    for state in states:
        for channel, value in state.values.items():
            if channel in NOT_SHOWN or not isinstance(value, bool | int | float) or room == 0:
                continue
            name, factor, text = metric_of(channel)
            family = families.setdefault(name, Family(name, "gauge", text))
            family.add(round(value * factor, DIGITS), device=state.device, zone=state.zone or "")
            room -= 1
    return [families[name] for name in sorted(families)]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
