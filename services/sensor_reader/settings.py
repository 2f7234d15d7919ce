"""``config/sensor_reader.yaml`` and ``config/boards.yaml``: what to read, and how it is wired."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.model import Measures, Mount
from services.sensor_reader.core.device import ChipPart, Device, HostPart, LinePart, Part, Retries, VitalsPart
from services.sensor_reader.core.distant import Distant
from services.sensor_reader.core.driver import GROUP
from services.sensor_reader.core.life import DEVICE as RESERVED
from services.sensor_reader.core.lines import Bias
from shared.messages import Name
from shared.settings import ConfigError, Fault, Settings, read_settings


def _known_chip(kind: str) -> str:
    if kind not in CHIPS:
        raise ValueError(f"no such chip{did_you_mean(kind, CHIPS)}")
    return kind


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?``, or the list of what is known where nothing is close."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(names)}"


Kind = Annotated[str, AfterValidator(_known_chip)]
KINDS = ("board", "chip", "host", "nut", "driver")


class ChipSettings(Settings):
    """One chip and how it is wired. ``current_sign`` is -1 where the board's shunt counts discharge as positive."""

    chip: Kind
    address: int
    measures: Measures = "battery"
    shunt_ohm: float | None = Field(default=None, gt=0)
    current_sign: Literal[1, -1] = 1

    @model_validator(mode="after")
    def _fits_the_chip(self) -> Self:
        _check_wiring(self.chip, self.address, self.shunt_ohm)
        return self

    def part(self, bus: int, cells: int) -> ChipPart:
        """Return the chip as the poll sees it."""
        mount = Mount(self.measures, self.shunt_ohm or 0.0, self.current_sign, cells)
        return ChipPart(CHIPS[self.chip], bus, self.address, mount)


def _check_wiring(kind: str, address: int, shunt_ohm: float | None) -> None:
    chip = CHIPS[kind]
    if address not in chip.addresses:
        span = f"{chip.addresses[0]:#04x}" + (f" to {chip.addresses[-1]:#04x}" if len(chip.addresses) > 1 else "")
        raise ValueError(f"address {address:#04x}: {kind} sits at {span}")
    if chip.needs_shunt and shunt_ohm is None:
        raise ValueError(f"shunt_ohm is missing: {kind} measures current by the voltage over a shunt")


class AcDetect(Settings):
    """The GPIO line that tells of the mains, and what its high level means: boards of one maker differ.

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
    """A board profile. ``cells`` counts cells in series; ``bus`` N is /dev/i2c-N."""

    title: str
    bus: int = Field(default=1, ge=0)
    cells: int = Field(ge=1, le=24)
    chemistry: Literal["li_ion", "lihv", "lifepo4"]
    chips: tuple[ChipSettings, ...]
    ac_detect: AcDetect | None = None
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


class NutSettings(Settings):
    """A UPS of a NUT server. ``timeout_s`` holds for each answer of the server, and twice that for a poll.

    ``adapters.nut`` says what the rest does.
    """

    ups: Annotated[str, Field(pattern=r"^[^\s\"@:]{1,128}$")]
    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: int = Field(default=3493, ge=1, le=65535)
    username: Annotated[str, Field(pattern=r"^[^\x00-\x1f]{1,128}$")] | None = None
    password_file: Path | None = None
    login: bool = False
    tls: Literal["off", "try", "require"] = "off"
    ca_file: Path | None = None
    timeout_s: float = Field(default=3.0, gt=0, le=60)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.username) != bool(self.password_file):
            raise ValueError("username and password_file go together; give both or neither")
        if self.login and not self.username:
            raise ValueError("login needs a username and a password_file")
        if self.ca_file and self.tls == "off":
            raise ValueError("ca_file says nothing while tls is off; set tls to require (or try)")
        return self

    @property
    def place(self) -> str:
        """``host:port``, for errors."""
        return f"{self.host}:{self.port}"


class DeviceSettings(Settings):
    """One device: a board by name, a chip alone, the host's own sensors, a UPS of a NUT server, or a foreign driver."""

    name: Name
    zone: Name | None = None
    interval_s: float = Field(default=1.0, ge=0.05, le=3600)
    registers: bool = False
    board: str | None = None
    chip: Kind | None = None
    host: Literal[True] | None = None
    nut: NutSettings | None = None
    driver: str | None = None
    settings: dict[str, Any] = Field(default_factory=dict)
    timeout_s: float = Field(default=5.0, gt=0, le=600)
    bus: int | None = Field(default=None, ge=0)
    address: int | None = None
    measures: Measures = "battery"
    cells: int = Field(default=1, ge=1, le=24)
    shunt_ohm: float | None = Field(default=None, gt=0)
    current_sign: Literal[1, -1] = 1

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        named = [key for key in KINDS if getattr(self, key) is not None]
        if len(named) != 1:
            kinds = f"{', '.join(KINDS[:-1])} or {KINDS[-1]}"
            raise ValueError(f"a device is one of {kinds}; this is {' and '.join(named) or 'none of them'}")
        if self.settings and self.driver is None:
            raise ValueError("settings are a driver's; this device has none")
        if self.name == RESERVED:
            raise ValueError(f"the name {RESERVED!r} is kept for the reader's own start and stop")
        if self.chip is not None:
            if self.address is None:
                raise ValueError("address is missing: say where the chip sits, e.g. 0x40")
            _check_wiring(self.chip, self.address, self.shunt_ohm)
        return self

    def parts(self, boards: Mapping[str, BoardSettings]) -> tuple[Part, ...]:
        """Return what is polled of it, none of a device that is distant; the board must be known."""
        if self.distant() is not None:
            return ()
        if self.host:
            return (HostPart(), VitalsPart())
        if self.chip is not None and self.address is not None:
            mount = Mount(self.measures, self.shunt_ohm or 0.0, self.current_sign, self.cells)
            return (ChipPart(CHIPS[self.chip], 1 if self.bus is None else self.bus, self.address, mount),)
        board = boards[self.board or ""]
        bus = board.bus if self.bus is None else self.bus
        chips = tuple(chip.part(bus, board.cells) for chip in board.chips)
        return chips if board.ac_detect is None else (*chips, board.ac_detect.part())

    def distant(self) -> Distant | None:
        """Return it as one that is asked and answers later, None if it is not."""
        if self.nut is not None:
            part = f"nut:{self.nut.ups}@{self.nut.host}"
            return Distant(self.name, part, self.interval_s, 2 * self.nut.timeout_s, self.zone)
        if self.driver is not None:
            return Distant(self.name, self.driver, self.interval_s, self.timeout_s, self.zone)
        return None


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
        """Return the configured devices as the poll sees them, without the distant ones."""
        return tuple(self._device(device) for device in self.reader.devices if device.distant() is None)

    def distant(self) -> tuple[tuple[DeviceSettings, Distant], ...]:
        """Return the devices that are asked and answer later."""
        return tuple((device, distant) for device in self.reader.devices if (distant := device.distant()) is not None)

    def simulated(self, interval_s: float) -> tuple[Device, ...]:
        """Return the devices of the simulator: a UPS on the chosen board, and the host."""
        ups = DeviceSettings(name="ups", board=self.reader.simulation.board, interval_s=interval_s)
        host = DeviceSettings(name="host", host=True, interval_s=interval_s)
        return self._device(ups), replace(self._device(host), parts=(HostPart(),))

    def _device(self, device: DeviceSettings) -> Device:
        retries = Retries(self.reader.retries.attempts, self.reader.retries.gap_ms / 1000)
        return Device(device.name, device.parts(self.boards), device.interval_s, device.zone, device.registers, retries)


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
    faults += _unknown_drivers(where, reader)
    return faults or _shared_parts(where, reader, boards)


def _unknown_drivers(where: str, reader: ReaderSettings) -> list[Fault]:
    """Name drivers that no installed package offers. They are not imported here: that is the reader's first poll."""
    installed = {point.name for point in entry_points(group=GROUP)}
    known = f"installed: {', '.join(sorted(installed)) or 'none'}"
    return [
        Fault(where, f"devices.{index}.driver", f"no installed package offers this driver; {known} (got {name!r})")
        for index, name in enumerate(device.driver for device in reader.devices)
        if name is not None and name not in installed
    ]


def _shared_parts(where: str, reader: ReaderSettings, boards: Mapping[str, BoardSettings]) -> list[Fault]:
    owners: dict[object, str] = {}
    faults: list[Fault] = []
    for index, device in enumerate(reader.devices):
        for part in device.parts(boards):
            if not isinstance(part, ChipPart | LinePart):
                continue
            place: object = part.line if isinstance(part, LinePart) else (part.bus, part.address)
            what = part.name if isinstance(part, LinePart) else f"{part.name} on bus {part.bus}"
            owner = owners.setdefault(place, device.name)
            if owner != device.name:
                reason = f"{what} already belongs to device {owner!r}; a chip or line has one owner"
                faults.append(Fault(where, f"devices.{index}", reason))
    return faults
