"""The interface of third-party drivers, and which of their values are believed. ``docs/drivers.md`` is the guide.

Rules:
1. A driver is a class, named by an entry point of the group ``upskeep.drivers``. It has a pydantic model ``Settings``;
   it is made with an instance of it, on the first poll, and ``read()`` is called once a poll, on one thread.
2. It may raise ``PortError`` to say what went wrong in words of its own. Any other exception is reported as code
   ``driver``, and the driver is made anew for the next poll. ``close()``, if it has one, is called before that and at
   the end.
3. ``read()`` returns a ``Reading``. A value that its channel cannot have is left out and reported; the others stand.
   ``Reading(waits=True)`` says that all is well and there is nothing new: no frame.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from services.sensor_reader.core.ports import PortError
from services.sensor_reader.core.reading import Doubt, Reading, within_range
from shared.quantities import FACTS, QUANTITIES, WORDS

__all__ = ["GROUP", "Doubt", "Driver", "PortError", "Reading", "vetted"]

GROUP = "upskeep.drivers"
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,128}")
_LONGEST_TEXT = 1000
_OWN = ("lifecycle", "clean", "boot_id", "calibration", "sensor_id")  # facts that only the reader reports


class Driver(Protocol):
    """A driver. ``close(self) -> None`` is called if there is one."""

    Settings: ClassVar[type[BaseModel]]

    def __init__(self, settings: Any) -> None:
        """Take settings that have been checked; may open what it needs."""

    def read(self) -> Reading:
        """Return the hardware's present values, never earlier ones."""


def vetted(answer: object) -> Reading:
    """Return what of a driver's answer can be believed; raises PortError where it is no Reading at all."""
    if not isinstance(answer, Reading) or not isinstance(answer.values, Mapping):
        raise PortError("driver", f"read() must return a Reading with a dict of values (got {answer!r:.80})")
    values: dict[str, Any] = {}
    doubts: list[Doubt] = []
    for name, value in answer.values.items():
        fault = _fault(name, value)
        if fault:
            channel = name if isinstance(name, str) and _NAME.fullmatch(name) else None
            doubts.append(Doubt("implausible", f"{name!s:.60}: {fault} (got {value!r:.60})", channel))
        else:
            values[name] = _plain(value)
    good, implausible = within_range(values)
    return Reading(good, (*_own_doubts(answer.doubts), *doubts, *implausible), waits=answer.waits is True)


def _own_doubts(doubts: object) -> tuple[Doubt, ...]:
    if not isinstance(doubts, tuple | list):
        return (Doubt("driver", f"doubts must be Doubts (got {doubts!r:.60})"),)
    return tuple(doubt if _is_doubt(doubt) else Doubt("driver", f"{doubt!s:.200}") for doubt in doubts)


def _is_doubt(doubt: object) -> bool:
    if not (isinstance(doubt, Doubt) and isinstance(doubt.code, str) and isinstance(doubt.detail, str)):
        return False
    return doubt.channel is None or (isinstance(doubt.channel, str) and _NAME.fullmatch(doubt.channel) is not None)


def _fault(name: object, value: object) -> str | None:
    """Say why ``value`` cannot be the value of channel ``name``, None where it can."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        return "a channel's name is made of letters, digits, _ . and -"
    if name in FACTS:
        return "is the reader's own" if name in _OWN else _no_fact(name, value)
    if name in QUANTITIES:
        return None if _is_number(value) else "must be a finite number"
    if isinstance(value, bool) or (isinstance(value, str) and len(value) <= _LONGEST_TEXT):
        return None
    return None if _is_number(value) else "must be a finite number, true or false, or a short text"


def _no_fact(name: str, value: object) -> str | None:
    if name in WORDS:
        return None if isinstance(value, str) and len(value) <= _LONGEST_TEXT else "must be a short text"
    return None if type(value) is bool else "must be true or false"


def _is_number(value: object) -> bool:
    if isinstance(value, int):
        return not isinstance(value, bool) and -(2**63) <= value < 2**63
    return isinstance(value, float) and math.isfinite(value)


def _plain(value: Any) -> bool | int | float | str:
    """Return a value of ours: numpy's floats and enums are numbers too."""
    kind = next(kind for kind in (bool, int, float, str) if isinstance(value, kind))
    return kind(value)
