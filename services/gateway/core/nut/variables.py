"""A device's state becomes NUT's variables, by ``shared.nut.table`` read backwards. The page: docs/nut-door.md.

Rules:
1. ``ups.status`` holds the words of the table whose flag is so. OL and OB go by the confirmed ``power`` of the state,
   and by ``ac_present`` where that is unknown.
2. LB makes ``upsmon`` shut a host down. So it stands for the UPS's own word, or for ``critical``; never for ``low``,
   which is a warning.
3. FSD is the UPS's own word, or that of a primary which is past its point of no return (``forced``).
4. What is not known is no variable. Nothing is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.messages import DeviceState
from shared.nut.table import ALARM_TEXT, CURRENT, STARTING, STATUS, TEST_RESULT, VARIABLES, WORDS
from shared.quantities import QUANTITIES

LONGEST_VALUE = 256  # characters; NUT's own limit of a value (ST_MAX_VALUE_LEN)
# Any of these makes a device a UPS; a room's climate or a host's temperature is none.
OF_A_UPS = frozenset(
    {"ac_present", "battery_voltage", "state_of_charge", "estimated_charge", "runtime_left_s", "battery_low"}
)


def is_ups(state: DeviceState) -> bool:
    """Return whether the device is a UPS: it tells mains from battery, or shows a battery."""
    return state.power is not None or not OF_A_UPS.isdisjoint(state.values)


@dataclass(frozen=True, slots=True)
class StatusWord:
    """A word of ``ups.status``, and when it is there."""

    word: str
    holds: Callable[[DeviceState], bool]
    when: str


def _power(state: DeviceState) -> str | None:
    raw = {True: "mains", False: "battery"}.get(state.values.get("ac_present"))  # type: ignore[call-overload]
    return state.power or raw


def _flag(channel: str, value: bool) -> StatusWord:
    word = next(row.word for row in WORDS if row.says == {channel: value})
    when = f"`{channel}` {str(value).lower()}"
    when += "; or the host agent is past its point of no return" if word == "FSD" else ""
    return StatusWord(word, lambda state: state.values.get(channel) is value, when)


STATUS_WORDS = (
    _flag("forced_shutdown", value=True),
    StatusWord("OL", lambda state: _power(state) == "mains", "`power` mains; `ac_present` where that is unknown"),
    StatusWord("OB", lambda state: _power(state) == "battery", "`power` battery; `ac_present` where that is unknown"),
    StatusWord("LB", lambda state: state.battery == "critical" or state.values.get("battery_low") is True,
               "`battery` critical, or `battery_low` true"),
    StatusWord("CHRG", lambda state: state.charging is True and _power(state) != "battery", "`charging` true"),
    StatusWord("DISCHRG", lambda state: _power(state) == "battery", "`power` battery"),
    _flag("battery_high", value=True),
    _flag("replace_battery", value=True),
    _flag("overload", value=True),
    _flag("bypass", value=True),
    _flag("calibrating", value=True),
    _flag("boosting", value=True),
    _flag("trimming", value=True),
    _flag("output_on", value=False),
    _flag("alarm", value=True),
)  # fmt: skip
FORCED = STATUS_WORDS[0].word

# Where the table's channel is absent, or another is the safer one to act on. The first that is there counts.
INSTEAD: Mapping[str, tuple[str, ...]] = {
    "battery.charge": ("state_of_charge", "estimated_charge"),
    "battery.runtime": ("estimated_runtime_low_s", "runtime_left_s"),  # as the host agent: the lower bound decides
}
FIGURES: Mapping[str, tuple[str, ...]] = {
    **{row.names[0]: INSTEAD.get(row.names[0], (row.channel,)) for row in VARIABLES},
    CURRENT: ("battery_current",),
}
SELF_TESTS = {"running": "In progress", "passed": "Done and passed", "failed": "Done and error"}
DESCRIPTIONS: Mapping[str, str] = {
    **{name: QUANTITIES[channels[0]].description for name, channels in FIGURES.items()},
    STATUS: "words of the UPS's state",
    ALARM_TEXT: "what the UPS says of its alarm",
    TEST_RESULT: "result of the UPS's own test",
    "device.mfr": "who publishes the readings",
    "device.model": "the device's name in Upskeep",
    "device.type": "ups",
    "device.location": "the device's zone in Upskeep",
    "driver.name": "what reads the UPS",
    "driver.version": "its version",
    "device.description": "what the readings are, where they are no hardware's",
}


def status_of(state: DeviceState, *, forced: bool) -> str:
    """Return ``ups.status``; WAIT, a driver that knows nothing yet, where no word is so."""
    words = [row.word for row in STATUS_WORDS if row.holds(state) or (forced and row.word == FORCED)]
    return " ".join(words) or STARTING


def variables_of(state: DeviceState, version: str, *, forced: bool) -> dict[str, str]:
    """Return every variable of a state, in the order of their names, each a printable text of one line."""
    found = {name: _figure(state, channels) for name, channels in FIGURES.items()}
    alarm, test = state.values.get("alarm_text"), state.values.get("self_test")
    found |= {
        STATUS: status_of(state, forced=forced),
        ALARM_TEXT: alarm if isinstance(alarm, str) else None,
        TEST_RESULT: SELF_TESTS.get(test) if isinstance(test, str) else None,
        "device.mfr": "Upskeep",
        "device.model": state.device,
        "device.type": "ups",
        "device.location": state.zone,
        "driver.name": "upskeep",
        "driver.version": version,
        "device.description": "a simulation or a recording, no hardware" if state.simulated else None,
        "ups.mfr": "Upskeep",
        "ups.model": state.device,
    }
    return {name: _one_line(text) for name, text in sorted(found.items()) if text is not None}


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text[:LONGEST_VALUE])


def _figure(state: DeviceState, channels: tuple[str, ...]) -> str | None:
    for channel in channels:
        value = state.values.get(channel)
        if isinstance(value, int | float) and not isinstance(value, bool):
            text = f"{value:.{QUANTITIES[channel].decimals}f}"
            return text.rstrip("0").rstrip(".") if "." in text else text
    return None
