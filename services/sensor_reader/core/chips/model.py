"""What every chip's table holds: how it is known, what is read, what has to be written for that, and what it means.

Rules:
1. What is read in a poll follows from the fields: every block that holds one, in the order of the table.
2. A chip is written to for three reasons only, each a row of its table: a measurement of its own has to be started
   (``Block.before``, a plain command), one that goes on by itself has stopped (``Periodic``), or a bit without which
   nothing is measured is not set (``Setting``). A gauge is never reset and never quick-started.
3. Looking for a chip (``probe``) writes nothing, not even these.
4. What cuts the power (``power_cut``) is written only when the command of that name asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from services.sensor_reader.core.chips.mount import Measures, Mount, per_cell
from services.sensor_reader.core.chips.power_cut import PowerCut
from services.sensor_reader.core.reading import Doubt, Limits, Reading, Values, within_range
from services.sensor_reader.core.registers.fields import (
    Block,
    Command,
    Field,
    Payloads,
    Register,
    blocks_of,
    decode,
    impossible,
    saturated,
    words_of,
)

# What a board with chips can show at most: none is a mains UPS, whose own nameplate says what it can (``nut``).
ON_A_BOARD: Limits = {
    "battery_voltage": (0.0, 600.0),
    "battery_current": (-50.0, 50.0),
    "battery_power": (-600.0, 600.0),
    "input_current": (-50.0, 50.0),
    "input_power": (0.0, 100_000.0),
    "output_current": (-50.0, 50.0),
    "output_power": (0.0, 100_000.0),
}

POWER_LINES: tuple[Measures, ...] = ("battery", "output", "input")
AIR_FIRST: tuple[Measures, ...] = ("air", "board", "battery")

Derive = Callable[[Mapping[str, float], Mapping[str, int], Mount], Reading]


@dataclass(frozen=True, slots=True)
class Identity:
    """A register that reports what chip it is: ``word & mask`` is one of ``accepted``."""

    register: Register
    mask: int
    accepted: tuple[int, ...]

    def fits(self, word: int) -> bool:
        """Say whether ``word`` is one this chip shows."""
        return word & self.mask in self.accepted


@dataclass(frozen=True, slots=True)
class Ready:
    """Whether there is a new value: not while ``word & mask`` of ``register`` is ``busy``."""

    register: Register
    mask: int
    busy: int = 0

    def holds(self, payload: bytes) -> bool:
        """Say whether the block of the register shows a new value."""
        return self.register.word(payload) & self.mask != self.busy


@dataclass(frozen=True, slots=True)
class Periodic:
    """A chip that measures by itself: asked whether it is ``ready``, and started when it is silent for ``silence_s``.

    So it is started after power-on and after a brown-out, and not when only this service starts again.
    """

    ready: Ready
    start: Command
    silence_s: float


@dataclass(frozen=True, slots=True)
class Setting:
    """Bits that must be ``value`` under ``mask`` for the chip to measure; set when found otherwise, as after power-on.

    ``clears_itself``: the bit starts one conversion and goes when that is done, so every poll sets it for the next.
    ``command``: what sets the bits where the register itself cannot be written.
    """

    register: Register
    mask: int
    value: int
    source: str
    clears_itself: bool = False
    command: bytes | None = None

    def mended(self, word: int) -> int | None:
        """Return what the register must hold, or None where it does."""
        return None if word & self.mask == self.value else word & ~self.mask | self.value

    def written(self, mended: int) -> bytes:
        """Return the bytes that make the register hold ``mended``."""
        register = self.register
        return self.command or register.block.command + mended.to_bytes(register.size, register.order)


def nothing_more(decoded: Mapping[str, float], words: Mapping[str, int], mount: Mount) -> Reading:  # noqa: ARG001
    """Derive no further channel: the chip's fields are its channels."""
    return Reading()


@dataclass(frozen=True, slots=True)
class Chip:
    """One chip variant: where it may sit, how it is known, its fields and what follows from them.

    ``full_scale_v``: the most that it can measure over its shunt, either way; beyond that it shows the same.
    ``inputs``: how many it has, where a board has to say what each measures.
    ``ready``: registers that say whether what was just measured is there; where not, the read has failed as busy.
    ``measures``: what it may be mounted on, and the first unless the mount says so.
    ``wired``: the chip as a mount wires it, where its fields follow from that.
    ``derive`` works out what takes more than one field, from field values by name and words by register name.
    """

    kind: str
    title: str
    addresses: tuple[int, ...]
    fields: tuple[Field, ...]
    identity: Identity | None = None
    needs_shunt: bool = False
    full_scale_v: float | None = None
    inputs: int = 0
    settings: tuple[Setting, ...] = ()
    periodic: Periodic | None = None
    ready: tuple[Ready, ...] = ()
    measures: tuple[Measures, ...] = POWER_LINES
    wired: Callable[[Chip, Mount], Chip] | None = None
    derive: Derive = nothing_more
    power_cut: PowerCut | None = None

    def most_amperes(self, mount: Mount) -> dict[str, float]:
        """Return the most that each current can show on a mount, by channel; nothing where that is not known."""
        if self.full_scale_v is None:
            return {}
        if self.inputs:
            return {f"{each.measures}_current": self.full_scale_v / each.shunt_ohm for each in mount.inputs}
        measures = mount.measures or self.measures[0]
        return {f"{measures}_current": self.full_scale_v / mount.shunt_ohm} if mount.shunt_ohm else {}

    def blocks(self) -> tuple[Block, ...]:
        """The transactions of one poll."""
        return blocks_of(self.fields)

    def on(self, mount: Mount) -> Chip:
        """Return the chip as it is read on a mount."""
        return self.wired(self, mount) if self.wired else self

    def interpret(self, payloads: Payloads, mount: Mount) -> Reading:
        """Return the channels ``payloads`` mean on a board; what cannot be true is left out and said in ``doubts``."""
        mount = replace(mount, measures=mount.measures or self.measures[0])
        words = words_of(self.fields, payloads)
        decoded = decode(self.fields, words)
        doubts = [_no_reading(field, raw, mount) for field, raw in impossible(self.fields, words)]
        values: dict[str, float | bool | str] = {}
        for field in self.fields:
            if field.channel and field.name in decoded:
                values |= _channel(field, decoded[field.name], words[field.register.name], mount)
        more = self.derive(decoded, words, mount)
        values |= more.values
        values |= per_cell(values, mount)
        registers = {f"{self.kind}.{name}": word for name, word in words.items()}
        good, implausible = within_range(values, ON_A_BOARD)
        ends = [_at_end(field, value, mount) for field, value in saturated(self.fields, words)]
        doubts += [doubt for doubt in ends if doubt.channel in good]
        return Reading(good, (*doubts, *more.doubts, *implausible), registers)


def _channel_name(field: Field, mount: Mount) -> str:
    return (field.channel or field.about or "").format(measures=mount.measures)


def _channel(field: Field, value: float, word: int, mount: Mount) -> Values:
    name = _channel_name(field, mount)
    if field.means is not None:
        raw = field.raw(word)
        return {name: field.means[raw]} if raw in field.means else {}
    if name.endswith("_current"):
        value *= mount.current_sign
    return {name: value if field.clamp is None else min(max(value, field.clamp[0]), field.clamp[1])}


def _no_reading(field: Field, raw: int, mount: Mount) -> Doubt:
    detail = f"{field.name}: raw {raw:#x} is no reading; the chip is off, starting or out of reach"
    return Doubt("implausible", detail, _channel_name(field, mount) or None)


def _at_end(field: Field, value: float, mount: Mount) -> Doubt:
    return saturation(field.name, value, field.unit, _channel_name(field, mount))


def saturation(name: str, value: float, unit: str, channel: str) -> Doubt:
    """Return the doubt about ``channel`` where its chip shows the end of a scale."""
    return Doubt("saturated", f"{name} shows {value:g} {unit}, the end of its scale: {channel} may be more", channel)
