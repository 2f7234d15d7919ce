"""``config/boards.yaml``: boards, and how chips are wired on them."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Input, Measures, Mount, PowerLine
from services.sensor_reader.core.gpio_line import Bias
from services.sensor_reader.core.plausibility.limit_settings import Bounds, FrozenAfter
from services.sensor_reader.core.polling.device import ChipPart, LinePart
from services.sensor_reader.settings.analog import AnalogInputs, check_analog
from shared.messages import Name
from shared.quantities import QUANTITIES
from shared.settings import Settings


def _known_chip(kind: str) -> str:
    if kind not in CHIPS:
        raise ValueError(f"no such chip{did_you_mean(kind, CHIPS)}")
    return kind


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?``, or the list of what is known where nothing is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names)}"


def _known_quantity(name: str) -> str:
    if name not in QUANTITIES:
        raise ValueError(f"no such quantity{did_you_mean(name, QUANTITIES)}")
    return name


Kind = Annotated[str, AfterValidator(_known_chip)]
Limits = dict[Annotated[str, AfterValidator(_known_quantity)], Bounds]


class InputSettings(Settings):
    """What one of a chip's several inputs measures, and over which shunt."""

    measures: PowerLine
    shunt_ohm: float = Field(gt=0)
    current_sign: Literal[1, -1] = 1


class Wiring(Settings):
    """How a chip is wired. ``current_sign`` is -1 where the board's shunt counts discharge as positive.

    ``inputs`` is for chips that have several, by the number in the datasheet; ``analog`` for converters of voltages.
    """

    measures: Measures | None = None
    shunt_ohm: float | None = Field(default=None, gt=0)
    current_sign: Literal[1, -1] = 1
    inputs: dict[int, InputSettings] = Field(default_factory=dict)
    analog: AnalogInputs = Field(default_factory=dict)

    def mount(self, cells: int) -> Mount:
        """Return the wiring as the chip's table takes it."""
        used = sorted(self.inputs.items())
        inputs = tuple(Input(number, each.measures, each.shunt_ohm, each.current_sign) for number, each in used)
        analog = tuple(each.analog(number) for number, each in sorted(self.analog.items()))
        return Mount(self.measures, self.shunt_ohm or 0.0, self.current_sign, cells, inputs, analog)


class ChipSettings(Wiring):
    """One chip and how it is wired."""

    chip: Kind
    address: int

    @model_validator(mode="after")
    def _fits_the_chip(self) -> Self:
        check_wiring(self.chip, self.address, self)
        return self

    def part(self, bus: int, cells: int) -> ChipPart:
        """Return the chip as the poll sees it."""
        mount = self.mount(cells)
        return ChipPart(CHIPS[self.chip].on(mount), bus, self.address, mount)


def check_wiring(kind: str, address: int, wiring: Wiring) -> None:
    """Raise ValueError where a chip cannot sit at ``address``, or lacks what it needs to measure."""
    chip = CHIPS[kind]
    if address not in chip.addresses:
        first, last = chip.addresses[0], chip.addresses[-1]
        joined = " to " if last - first < len(chip.addresses) else " or "
        span = f"{first:#04x}" + (f"{joined}{last:#04x}" if last > first else "")
        raise ValueError(f"address {address:#04x}: {kind} sits at {span}")
    if wiring.measures is not None and wiring.measures not in chip.measures:
        raise ValueError(f"measures: {kind} cannot measure {wiring.measures}; it can {', '.join(chip.measures)}")
    if chip.needs_shunt and wiring.shunt_ohm is None:
        raise ValueError(f"shunt_ohm is missing: {kind} measures current by the voltage over a shunt")
    if chip.inputs and not wiring.inputs:
        raise ValueError(f"inputs is missing: say what each of the {chip.inputs} inputs of {kind} measures, by number")
    unknown = [number for number in wiring.inputs if not 1 <= number <= chip.inputs]
    if unknown:
        has = f"inputs 1 to {chip.inputs}" if chip.inputs else "no inputs to name"
        raise ValueError(f"inputs: there is no {unknown[0]}; {kind} has {has}")
    doubled = Counter(each.measures for each in wiring.inputs.values())
    if doubled and max(doubled.values()) > 1:
        raise ValueError(f"inputs: two of them measure {doubled.most_common(1)[0][0]}; each measures something else")
    check_analog(kind, wiring.analog)


class AcDetect(Settings):
    """The GPIO line that shows the mains, and what its high level means: boards of one maker differ.

    ``chip`` is the label of the GPIO chip, None for a Raspberry Pi's header; ``bias`` a pull to switch on.
    """

    line: Annotated[int, Field(ge=0)] | Annotated[str, Field(min_length=1)]
    high_means: Literal["mains", "lost"]
    chip: str | None = None
    bias: Bias = "as_is"

    def part(self) -> LinePart:
        """Return the line as the poll sees it."""
        return LinePart(self.line, self.high_means == "mains", self.chip, self.bias)


class BoardSettings(Settings):
    """A board profile. ``cells`` counts cells in series; ``bus`` N is /dev/i2c-N.

    The battery and ``levels`` are event_processor's. ``limits`` and ``frozen_after_s`` (seconds, or "never"):
    ``core.bounds``.
    """

    title: str
    bus: int = Field(default=1, ge=0)
    cells: int = Field(ge=1, le=24)
    chemistry: Literal["li_ion", "lihv", "lifepo4", "lead_acid", "nimh", "lto"]
    capacity_mah: float | None = Field(default=None, gt=0)
    chips: tuple[ChipSettings, ...]
    ac_detect: AcDetect | None = None
    limits: Limits = Field(default_factory=dict)
    levels: dict[Name, Any] = Field(default_factory=dict)
    frozen_after_s: FrozenAfter | None = None
    notes: str = ""
    source: str = ""

    @model_validator(mode="after")
    def _one_chip_an_address(self) -> Self:
        if not self.chips:
            raise ValueError("chips is empty; a board has at least one")
        taken = Counter(chip.address for chip in self.chips)
        twice = [f"{address:#04x}" for address, count in taken.items() if count > 1]
        if twice:
            raise ValueError(f"two chips at {', '.join(twice)}; an address holds one")
        return self

    def parts(self, bus: int | None = None) -> tuple[ChipPart | LinePart, ...]:
        """Return what is polled of it, on another bus if one is given."""
        chips = tuple(chip.part(self.bus if bus is None else bus, self.cells) for chip in self.chips)
        return chips if self.ac_detect is None else (*chips, self.ac_detect.part())

    def most_amperes(self) -> dict[str, float]:
        """Return the most that each current can show, by channel; those of which that is not known are left out."""
        return most_amperes(self.parts())


def most_amperes(parts: Iterable[object]) -> dict[str, float]:
    """Return the most that each current of these parts can show, by channel."""
    most: dict[str, float] = {}
    for part in parts:
        most |= part.chip.most_amperes(part.mount) if isinstance(part, ChipPart) else {}
    return most


class BoardsSettings(Settings):
    """``config/boards.yaml``."""

    boards: dict[Name, BoardSettings] = Field(default_factory=dict)
