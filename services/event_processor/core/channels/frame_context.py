"""One frame with its device's facts and memory: what every kind of rule works on.

A FrameContext lives for one call of ``process_frame``, and the rules change it. Only its memory and its findings leave
the call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from services.event_processor.core.channels.evidence import Evidence, Gate
from services.event_processor.core.device.facts import Chemistry
from services.event_processor.core.device.latch import OFF, ZERO, Latch, debounce, stamp
from services.event_processor.core.device.memory import LONGEST_GAP_S, Memory, Numbers
from services.event_processor.core.forecast.charge import BatteryModel
from shared.messages import Frame, Severity
from shared.quantities import QUANTITIES

E = TypeVar("E", bound=Evidence)
LOW_FLAG = "battery_low"
MAINS_UPS_WORDS = frozenset(
    {LOW_FLAG, "battery_high", "bypass", "calibrating", "boosting", "trimming", "forced_shutdown"}
)
BOARD_V = 60.0  # extra-low voltage: input and output of a board are below it
BOARD_VOLTAGES = ("input_voltage", "output_voltage")
MAINS_UPS_SIGNS = MAINS_UPS_WORDS.union(BOARD_VOLTAGES)
ENDS = "ends/"  # a prefix of latch names among the words: the word is the event that ends it
_NUMBERS = (float, int)


@dataclass(frozen=True, slots=True)
class Device:
    """The complete facts of one device. ``battery_known``: cells and chemistry are its own, not the default's."""

    chemistry_name: str
    chemistry: Chemistry
    cells: int
    capacity_mah: float | None = None
    zone: str | None = None
    resistance_mohm: float | None = None
    reserve_percent: float = 0.0
    leaf_offset_c: float | None = None
    calibrated: Mapping[str, date] = field(default_factory=dict)
    calibrate_every_days: float | None = None
    battery_known: bool = False
    interval_s: float | None = None
    battery: BatteryModel | None = None  # for the forecast


@dataclass(frozen=True, slots=True)
class Formula:
    """A computed channel. ``inputs`` are groups of channels; the frame must show all channels of one group."""

    inputs: tuple[tuple[str, ...], ...]
    compute: Callable[[FrameContext], float | str | None]
    shown: bool = True  # in the state of the device
    steady: bool = False  # it follows from the frame and the facts alone, so it is computed once a frame


@dataclass(frozen=True, slots=True)
class SiteChannels:
    """What all devices share: gates, formulas, and the units of declared channels."""

    gates: Mapping[str, Gate]
    formulas: Mapping[str, Formula]
    units: Mapping[str, str]


class Finding(NamedTuple):
    """An event to emit. ``cause`` distinguishes two of a type in a frame; ``severity`` overrides the catalogue's."""

    type: str
    cause: str
    data: dict[str, Any]
    severity: Severity | None = None


class FrameContext:
    """One frame with its device's facts and memory."""

    __slots__ = (
        "_own_numbers", "before", "derived", "device", "elapsed_s", "findings", "frame", "gap_s", "latches",
        "mains_ups", "memo", "now", "numbers", "seen", "silent", "site", "steady_s", "values", "words",
    )  # fmt: skip

    def __init__(self, device: Device, site: SiteChannels, memory: Memory, frame: Frame) -> None:
        self.device = device
        self.site = site
        self.before = memory
        self.frame = frame
        self.values = frame.values
        self.now = frame.time
        self.elapsed_s = elapsed_s = memory.elapsed_s(frame)
        self.steady_s = memory.steady_s + elapsed_s
        self.gap_s = gap_s = memory.unseen_s + elapsed_s  # since the last believable frame
        self.silent = gap_s > LONGEST_GAP_S and gap_s > memory.longest_gap_s  # this frame follows a silence
        self.latches = memory.latches
        self.words = memory.words
        self.numbers = memory.numbers
        self._own_numbers: dict[str, Numbers] | None = None  # the same, once this frame has changed it
        self.seen = memory.seen
        self.findings: list[Finding] = []
        self.derived: dict[str, float | None] = {}
        self.memo: dict[str, object] = {}  # what several formulas share, computed once
        self.mains_ups: bool | None = None  # computed once, by is_mains_ups

    def number(self, channel: str) -> float | None:
        """Return a channel's number, computed where no chip gives it; None where it is missing or no number."""
        value = self.values.get(channel)
        if type(value) is float:
            return value
        if value is None:
            return self.derived[channel] if channel in self.derived else self._derive(channel)
        return value if type(value) is int else None  # neither a flag nor a word

    def _derive(self, channel: str) -> float | None:
        formula = self.site.formulas.get(channel)
        if formula is None:
            return None
        value = formula.compute(self)
        if type(value) is str:
            return None  # a word, for the state alone
        if formula.steady:
            self.derived[channel] = value  # type: ignore[assignment]  # no word
        return value  # type: ignore[return-value]  # no word

    def shown_number(self, channel: str) -> float | None:
        """Return a channel's number from the frame, never a computed one; None where the frame has none."""
        value = self.values.get(channel)
        return value if type(value) in _NUMBERS else None  # type: ignore[return-value]  # bool and str are not in it

    def value(self, channel: str) -> float | str | None:
        """Return a channel's value, a number, flag or word; None where it is missing."""
        value = self.values.get(channel)
        return self.number(channel) if value is None else value

    def first_evidence(self, chain: Iterable[E], was: bool | None) -> tuple[bool | None, E | None]:
        """Return the verdict of the first evidence in the chain that this device has, and that evidence.

        A device that has once shown a channel keeps to it: a frame without it gives no verdict (None: hold), and the
        next in the chain is not judged.
        """
        for evidence in chain:
            channel = evidence.channel
            value = self.values.get(channel)
            if value is not None:
                if channel not in self.seen:
                    self.mark_seen(channel)
                return evidence.judge(value, was), evidence
            if channel in self.seen:
                break
        return None, None

    def mark_seen(self, name: str) -> None:
        """Remember that the device has shown ``name``."""
        if name not in self.seen:
            self.seen = self.seen | {name}

    def gate_open(self, gate: str | None) -> bool:
        """Whether a gate lets new conditions begin, by this frame; without a gate always true."""
        if gate is None:
            return True
        held = self.site.gates[gate]
        return not self._speaks(held.unless) or self._speaks(held.though)

    def _speaks(self, evidence: Iterable[Evidence]) -> bool:
        return any(e.judge(self.values[e.channel], was=None) for e in evidence if e.channel in self.values)

    def update_latch(self, name: str, target: bool, on_for_s: float, off_for_s: float) -> Latch:
        """Move the latch towards ``target``, with a dwell for each direction; return it as it is now."""
        old = self.latches.get(name, OFF)
        if target == old.on and old.pending is None:
            return old
        new = self.debounce(old, target, on_for_s if target else off_for_s)
        if new is not old:
            self.set_latch(name, new)
        return new

    def debounce(self, latch: Latch, target: bool, dwell_s: float) -> Latch:
        """Return the latch after this frame, without setting it; no dwell runs over a silence."""
        elapsed, longest_gap = self.before.elapsed(self.frame), timedelta(seconds=self.before.longest_gap_s)
        return debounce(latch, target, dwell_s, self.now, elapsed, longest_gap)

    def set_latch(self, name: str, latch: Latch) -> None:
        """Set a latch without a dwell."""
        self.latches = {**self.latches, name: latch}

    def drop_latches(self, *names: str) -> None:
        """Forget latches; unknown names are ignored."""
        if not self.latches.keys().isdisjoint(names):
            self.latches = {name: latch for name, latch in self.latches.items() if name not in names}

    def set_numbers(self, name: str, numbers: Numbers) -> None:
        """Remember numbers under a name; empty ones are forgotten. The memory before this frame is not changed."""
        own = self._own_numbers
        if own is None:
            self.numbers = self._own_numbers = own = dict(self.numbers)
        if numbers:
            own[name] = numbers
        else:
            own.pop(name, None)

    def get_numbers(self, name: str) -> Numbers | None:
        """Return the numbers remembered under a name, None if there are none."""
        return self.numbers.get(name)

    def set_word(self, name: str, word: str) -> None:
        """Remember a word under a name."""
        self.words = {**self.words, name: word}

    def set_end(self, name: str, event: str | None) -> None:
        """Remember which event ends what a latch began, in case its rule is removed; None forgets it."""
        key = f"{ENDS}{name}"
        if event is not None:
            self.words = {**self.words, key: event}
        elif key in self.words:
            self.words = {kept: word for kept, word in self.words.items() if kept != key}

    def emit(self, event: str, cause: str, data: Mapping[str, Any], severity: Severity | None = None) -> None:
        """Add a finding; fields of ``data`` that are None are left out."""
        kept = {key: value for key, value in data.items() if value is not None}
        self.findings.append(Finding(event, cause, kept, severity))

    def rounded(self, channel: str) -> float | None:
        """Return a channel's number, rounded to its quantity's decimals."""
        value = self.number(channel)
        return None if value is None else round_channel(channel, value)

    def unit(self, channel: str) -> str | None:
        """Return a channel's unit; None where it is neither known nor declared."""
        quantity = QUANTITIES.get(channel)
        return (quantity.unit if quantity else self.site.units.get(channel)) or None

    def lasted_s(self, old: Latch, new: Latch | None = None) -> float | None:
        """Return how long a latch's state has lasted, s, never negative; None where its beginning is unknown.

        It lasted until ``new``, the state that followed, began: the dwell that confirmed this is not part of it.
        """
        return lasted_s(old, self.now if new is None or new.began is None else new.began)


def reports_low_battery(context: FrameContext) -> bool:
    """Whether the device has ever shown the flag by which a UPS reports a low battery."""
    return LOW_FLAG in context.values or LOW_FLAG in context.seen


def is_mains_ups(context: FrameContext) -> bool:
    """Whether the device is a UPS at mains voltage, for which the limits of a board with Li-ion cells do not hold.

    It is known by words that only such a UPS has, or by an input or output above ``BOARD_V``.
    """
    found = context.mains_ups
    if found is None:
        shows_it = not MAINS_UPS_SIGNS.isdisjoint(context.values) and _shows_mains(context)
        found = context.mains_ups = shows_it or LOW_FLAG in context.seen
    return found


def _shows_mains(context: FrameContext) -> bool:
    return not MAINS_UPS_WORDS.isdisjoint(context.values) or any(
        (context.shown_number(channel) or 0.0) > BOARD_V for channel in BOARD_VOLTAGES
    )


def round_channel(channel: str, value: float) -> float:
    """Return ``value`` with its quantity's decimals."""
    quantity = QUANTITIES.get(channel)
    return value if quantity is None else round(value, quantity.decimals)


def lasted_s(latch: Latch, end: datetime) -> float | None:
    """Return how long a latch's state had lasted at ``end``, s, never negative; None where its beginning is unknown."""
    return None if latch.began is None else round(max(end - latch.began, ZERO).total_seconds(), 3)


def since(latch: Latch) -> str | None:
    """Return when the latch's present state began, as text."""
    return None if latch.began is None else stamp(latch.began)
