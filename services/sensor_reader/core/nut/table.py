"""What NUT says, and the channel it becomes. Names, words and units: NUT docs/nut-names.txt, new-drivers.txt, RFC 9271.

``docs/nut.md`` is made from these tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Word:
    """A word of ``ups.status``: what it says, and what is so while it is not there."""

    word: str
    says: Mapping[str, bool]
    otherwise: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable that is a number in the unit of our channel; NUT's units are ours throughout."""

    name: str
    channel: str


def _flag(word: str, channel: str) -> Word:
    return Word(word, {channel: True}, {channel: False})


WORDS = (
    Word("OL", {"ac_present": True}),
    Word("OB", {"ac_present": False}),
    Word("CHRG", {"charging": True}),
    Word("DISCHRG", {"charging": False}),
    _flag("LB", "battery_low"),
    _flag("HB", "battery_high"),
    _flag("RB", "replace_battery"),
    _flag("OVER", "overload"),
    _flag("BYPASS", "bypass"),
    _flag("CAL", "calibrating"),
    _flag("BOOST", "boosting"),
    _flag("TRIM", "trimming"),
    Word("OFF", {"output_on": False}, {"output_on": True}),
    _flag("FSD", "forced_shutdown"),
    _flag("ALARM", "alarm"),
)

# Of two variables for one channel the first that is there counts.
VARIABLES = (
    Variable("battery.charge", "state_of_charge"),
    Variable("battery.voltage", "battery_voltage"),
    Variable("battery.temperature", "battery_temperature"),
    Variable("battery.runtime", "runtime_left_s"),
    Variable("input.voltage", "input_voltage"),
    Variable("input.frequency", "input_frequency"),
    Variable("output.voltage", "output_voltage"),
    Variable("output.current", "output_current"),
    Variable("output.frequency", "output_frequency"),
    Variable("ups.load", "output_load"),
    Variable("ups.realpower", "output_power"),
    Variable("output.realpower", "output_power"),
    Variable("ups.power", "apparent_power"),
    Variable("ups.temperature", "board_temperature"),
    Variable("ambient.temperature", "air_temperature"),
    Variable("ambient.1.temperature", "air_temperature"),
    Variable("ambient.humidity", "relative_humidity"),
    Variable("ambient.1.humidity", "relative_humidity"),
)

STATUS = "ups.status"
CURRENT = "battery.current"  # its sign is each driver's own, so it is taken from the status
CHARGER = "battery.charger.status"
CHARGER_SAYS = {"charging": True, "discharging": False, "floating": False, "resting": False}
STARTING = "WAIT"  # a driver that has not yet asked the UPS
