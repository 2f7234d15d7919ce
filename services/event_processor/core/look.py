"""One frame, seen through what is known of its device: what every kind of rule works on.

A Look lives for one call of ``process_frame`` and is changed by the rules as they go; nothing of it
escapes but the latches it ends with and the findings it gathered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from services.event_processor.core.facts import Chemistry
from services.event_processor.core.latch import OFF, ZERO, Latch, debounce, stamp
from services.event_processor.core.memory import Memory
from services.event_processor.core.rules import Evidence, Gate
from shared.messages import Frame, Severity
from shared.quantities import QUANTITIES

E = TypeVar("E", bound=Evidence)
_NUMBERS = (float, int)


@dataclass(frozen=True, slots=True)
class Device:
    """The facts of one device, complete."""

    chemistry_name: str
    chemistry: Chemistry
    cells: int
    capacity_mah: float | None
    zone: str | None


@dataclass(frozen=True, slots=True)
class Finding:
    """An event to be: ``cause`` tells apart two of one type in one frame; ``severity`` overrides the catalogue's."""

    type: str
    cause: str
    data: dict[str, Any]
    severity: Severity | None = None


class Look:
    """One frame with its device's facts and memory."""

    __slots__ = ("device", "elapsed", "findings", "frame", "gates", "latches", "now", "seen", "values")

    def __init__(self, device: Device, gates: Mapping[str, Gate], memory: Memory, frame: Frame) -> None:
        self.device = device
        self.gates = gates
        self.frame = frame
        self.values = frame.values
        self.now = frame.time
        self.elapsed = memory.elapsed(frame)
        self.latches = memory.latches
        self.seen = memory.seen
        self.findings: list[Finding] = []

    def number(self, channel: str) -> float | None:
        """Return a channel's number, None where it is missing or no number."""
        value = self.values.get(channel)
        if value is None:
            derive = DERIVED.get(channel)
            return derive(self) if derive else None
        return value if type(value) in _NUMBERS else None  # type: ignore[return-value]  # bool and str are not in it

    def consider(self, chain: Iterable[E], was: bool | None) -> tuple[bool | None, E | None]:
        """Ask the first evidence this device has: (what it says, which it was). None says nothing: hold.

        A device that has once shown a channel keeps to it: a frame without it does not ask the next in the chain.
        """
        for evidence in chain:
            value = self.values.get(evidence.channel)
            if value is not None:
                if evidence.channel not in self.seen:
                    self.seen = self.seen | {evidence.channel}
                return evidence.judge(value, was), evidence
            if evidence.channel in self.seen:
                break
        return None, None

    def open(self, gate: str | None) -> bool:
        """Say whether a gate lets new conditions begin, as far as this frame tells; no gate is always open."""
        if gate is None:
            return True
        values = self.values
        return not any(e.channel in values and e.judge(values[e.channel], was=None) for e in self.gates[gate].unless)

    def settle(self, name: str, wish: bool, on_for_s: float, off_for_s: float) -> Latch:
        """Move the latch towards ``wish`` and return it as it is now."""
        old = self.latches.get(name, OFF)
        new = debounce(old, wish, on_for_s if wish else off_for_s, self.now, self.elapsed)
        if new is not old:
            self.put(name, new)
        return new

    def put(self, name: str, latch: Latch) -> None:
        """Set a latch."""
        self.latches = {**self.latches, name: latch}

    def drop(self, *names: str) -> None:
        """Forget latches; those not there are no matter."""
        if any(name in self.latches for name in names):
            self.latches = {name: latch for name, latch in self.latches.items() if name not in names}

    def tell(self, event: str, cause: str, data: Mapping[str, Any], severity: Severity | None = None) -> None:
        """Note an event; what is None in ``data`` is left out."""
        kept = {key: value for key, value in data.items() if value is not None}
        self.findings.append(Finding(event, cause, kept, severity))

    def said(self, channel: str) -> float | None:
        """Return a channel's number rounded as its quantity is printed."""
        value = self.number(channel)
        return None if value is None else rounded(channel, value)

    def lasted_s(self, latch: Latch) -> float | None:
        """Return how long a latch's state has lasted, s, never negative; None where its begin is not known."""
        return None if latch.began is None else round(max(self.now - latch.began, ZERO).total_seconds(), 3)


def _cell_voltage(look: Look) -> float | None:
    pack = look.number("battery_voltage")
    return None if pack is None else pack / look.device.cells


# Channels that are worked out where no chip gives them.
DERIVED: dict[str, Callable[[Look], float | None]] = {"cell_voltage": _cell_voltage}


def rounded(channel: str, value: float) -> float:
    """Return ``value`` with its quantity's decimals."""
    quantity = QUANTITIES.get(channel)
    return value if quantity is None else round(value, quantity.decimals)


def since(latch: Latch) -> str | None:
    """Return when the latch's present state began, as text."""
    return None if latch.began is None else stamp(latch.began)
