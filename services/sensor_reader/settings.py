"""``config/sensor_reader.yaml`` and ``config/boards.yaml``: what to read, and how it is wired."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.sensor_reader.core.bounds import Bounds, FrozenAfter, trust
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.reading import Input, Measures, Mount
from services.sensor_reader.core.device import ChipPart, Device, HostPart, LinePart, Part, Retries
from services.sensor_reader.core.life import DEVICE as RESERVED
from shared.messages import Name
from shared.quantities import QUANTITIES
from shared.settings import ConfigError, Fault, Settings, read_settings


def _known_chip(kind: str) -> str:
    if kind not in CHIPS:
        raise ValueError(f"no such chip{did_you_mean(kind, CHIPS)}")
    return kind


def _known_quantity(name: str) -> str:
    if name not in QUANTITIES:
        raise ValueError(f"no such quantity{did_you_mean(name, QUANTITIES)}")
    return name


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?``, or the list of what is known where nothing is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names)}"


Kind = Annotated[str, AfterValidator(_known_chip)]
Limits = dict[Annotated[str, AfterValidator(_known_quantity)], Bounds]


class InputSettings(Settings):
    """What one of a chip's several inputs measures, and over which shunt."""

    measures: Measures
    shunt_ohm: float = Field(gt=0)
    current_sign: Literal[1, -1] = 1


class Wiring(Settings):
    """How a chip is wired. ``current_sign`` is -1 where the board's shunt counts discharge as positive.

    ``inputs`` is for chips that have several, by the number in the datasheet.
    """

    measures: Measures = "battery"
    shunt_ohm: float | None = Field(default=None, gt=0)
    current_sign: Literal[1, -1] = 1
    inputs: dict[int, InputSettings] = Field(default_factory=dict)

    def mount(self, cells: int) -> Mount:
        """Return the wiring as the chip's table takes it."""
        used = sorted(self.inputs.items())
        inputs = tuple(Input(number, each.measures, each.shunt_ohm, each.current_sign) for number, each in used)
        return Mount(self.measures, self.shunt_ohm or 0.0, self.current_sign, cells, inputs)


class ChipSettings(Wiring):
    """One chip and how it is wired."""

    chip: Kind
    address: int

    @model_validator(mode="after")
    def _fits_the_chip(self) -> Self:
        _check_wiring(self.chip, self.address, self)
        return self

    def part(self, bus: int, cells: int) -> ChipPart:
        """Return the chip as the poll sees it."""
        return ChipPart(CHIPS[self.chip], bus, self.address, self.mount(cells))


def _check_wiring(kind: str, address: int, wiring: Wiring) -> None:
    chip = CHIPS[kind]
    if address not in chip.addresses:
        span = f"{chip.addresses[0]:#04x}" + (f" to {chip.addresses[-1]:#04x}" if len(chip.addresses) > 1 else "")
        raise ValueError(f"address {address:#04x}: {kind} sits at {span}")
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


class AcDetect(Settings):
    """The GPIO line that tells of the mains, and what its high level means: boards of one maker differ."""

    line: int = Field(ge=0)
    high_means: Literal["mains", "lost"]


class BoardSettings(Settings):
    """A board profile. ``cells`` counts cells in series; ``bus`` N is /dev/i2c-N. The battery is event_processor's.

    ``limits`` and ``frozen_after_s`` (seconds, or "never"): ``core.bounds``.
    """

    title: str
    bus: int = Field(default=1, ge=0)
    cells: int = Field(ge=1, le=24)
    chemistry: Literal["li_ion", "lihv", "lifepo4"]
    capacity_mah: float | None = Field(default=None, gt=0)
    chips: tuple[ChipSettings, ...]
    ac_detect: AcDetect | None = None
    limits: Limits = Field(default_factory=dict)
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


class BoardsSettings(Settings):
    """``config/boards.yaml``."""

    boards: dict[Name, BoardSettings] = Field(default_factory=dict)


class DeviceSettings(Wiring):
    """One device: a board by name, a chip alone, or the host's own sensors."""

    name: Name
    zone: Name | None = None
    interval_s: float = Field(default=1.0, ge=0.05, le=3600)
    registers: bool = False
    board: str | None = None
    chip: Kind | None = None
    host: Literal[True] | None = None
    bus: int | None = Field(default=None, ge=0)
    address: int | None = None
    cells: int = Field(default=1, ge=1, le=24)
    limits: Limits = Field(default_factory=dict)
    frozen_after_s: FrozenAfter | None = None
    allow_power_cut: bool = False

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        named = [key for key in ("board", "chip", "host") if getattr(self, key) is not None]
        if len(named) != 1:
            raise ValueError(f"a device is one of board, chip or host; this is {' and '.join(named) or 'none of them'}")
        if self.name == RESERVED:
            raise ValueError(f"the name {RESERVED!r} is kept for the reader's own start and stop")
        if self.chip is not None:
            if self.address is None:
                raise ValueError("address is missing: say where the chip sits, e.g. 0x40")
            _check_wiring(self.chip, self.address, self)
        return self

    def parts(self, boards: Mapping[str, BoardSettings]) -> tuple[Part, ...]:
        """Return the device's parts; the board must be known."""
        if self.host:
            return (HostPart(),)
        if self.chip is not None and self.address is not None:
            bus = 1 if self.bus is None else self.bus
            return (ChipPart(CHIPS[self.chip], bus, self.address, self.mount(self.cells)),)
        board = boards[self.board or ""]
        bus = board.bus if self.bus is None else self.bus
        chips = tuple(chip.part(bus, board.cells) for chip in board.chips)
        if board.ac_detect is None:
            return chips
        return (*chips, LinePart(board.ac_detect.line, board.ac_detect.high_means == "mains"))


class RetrySettings(Settings):
    """How often a failed chip is read in one poll, and the pause between."""

    attempts: int = Field(default=3, ge=1, le=10)
    gap_ms: float = Field(default=10, ge=0, le=1000)


class SimulationSettings(Settings):
    """What the simulator plays on: a board of boards.yaml, and how often (0: for ever)."""

    board: str = "geekworm_x1201"
    cycles: int = Field(default=0, ge=0)


class ReaderSettings(Settings):
    """``config/sensor_reader.yaml``. ``source`` and ``speed`` as the command line has them."""

    source: str = "auto"
    speed: float | None = Field(default=1.0, gt=0)
    retries: RetrySettings = RetrySettings()
    devices: tuple[DeviceSettings, ...] = ()
    simulation: SimulationSettings = SimulationSettings()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        taken = Counter(device.name for device in self.devices)
        twice = [name for name, count in taken.items() if count > 1]
        if twice:
            raise ValueError(f"two devices are called {', '.join(twice)}; each needs a name of its own")
        return self


@dataclass(frozen=True, slots=True)
class Configuration:
    """Both files, checked against each other."""

    reader: ReaderSettings
    boards: Mapping[str, BoardSettings]

    def devices(self) -> tuple[Device, ...]:
        """Return the configured devices as the poll sees them."""
        return tuple(self._device(device) for device in self.reader.devices)

    def simulated(self, interval_s: float, board: str | None = None) -> tuple[Device, ...]:
        """Return the devices of the simulator: a UPS on ``board``, or the one chosen in the settings, and the host."""
        ups = DeviceSettings(name="ups", board=board or self.reader.simulation.board, interval_s=interval_s)
        host = DeviceSettings(name="host", host=True, interval_s=interval_s)
        return self._device(ups), self._device(host)

    def _device(self, device: DeviceSettings) -> Device:
        retries = Retries(self.reader.retries.attempts, self.reader.retries.gap_ms / 1000)
        parts = device.parts(self.boards)
        cells = max((part.mount.cells for part in parts if isinstance(part, ChipPart)), default=1)
        board = self.boards.get(device.board or "")
        limits = {**(board.limits if board else {}), **device.limits}
        believed = trust(limits, cells, device.frozen_after_s, board.frozen_after_s if board else None)
        allowed = device.allow_power_cut
        return Device(device.name, parts, device.interval_s, device.zone, device.registers, retries, believed, allowed)


def load(folder: Path, environ: Mapping[str, str]) -> Configuration:
    """Return both files of ``folder``; raises ConfigError with the faults of both."""
    faults: list[Fault] = []
    reader: ReaderSettings | None = None
    boards: BoardsSettings | None = None
    try:
        reader = read_settings(folder, "sensor_reader", ReaderSettings, environ)
    except ConfigError as error:
        faults += error.faults
    try:
        boards = read_settings(folder, "boards", BoardsSettings, environ)
    except ConfigError as error:
        faults += error.faults
    if reader and boards:
        faults += _cross_faults(str(folder / "sensor_reader.yaml"), reader, boards.boards)
    if faults or reader is None or boards is None:
        raise ConfigError(faults)
    return Configuration(reader, boards.boards)


def _cross_faults(where: str, reader: ReaderSettings, boards: Mapping[str, BoardSettings]) -> list[Fault]:
    named = [(f"devices.{index}.board", device.board) for index, device in enumerate(reader.devices)]
    named.append(("simulation.board", reader.simulation.board))
    unknown = [(path, board) for path, board in named if board is not None and board not in boards]
    faults = [
        Fault(where, path, f"boards.yaml has no such board{did_you_mean(board, boards)} (got {board!r})")
        for path, board in unknown
    ]
    return faults or _shared_chips(where, reader, boards)


def _shared_chips(where: str, reader: ReaderSettings, boards: Mapping[str, BoardSettings]) -> list[Fault]:
    owners: dict[tuple[int, int], str] = {}
    faults: list[Fault] = []
    for index, device in enumerate(reader.devices):
        for part in device.parts(boards):
            if not isinstance(part, ChipPart):
                continue
            owner = owners.setdefault((part.bus, part.address), device.name)
            if owner != device.name:
                reason = f"{part.name} on bus {part.bus} already belongs to device {owner!r}; a chip has one owner"
                faults.append(Fault(where, f"devices.{index}", reason))
    return faults
