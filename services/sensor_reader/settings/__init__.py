"""``config/sensor_reader.yaml`` and ``config/boards.yaml``: what to read, and how it is wired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from services.sensor_reader.core.driver import GROUP
from services.sensor_reader.core.plausibility.limit_settings import Bounds, plausibility
from services.sensor_reader.core.polling.device import ChipPart, Device, HostPart, LinePart, Retries
from services.sensor_reader.core.polling.remote_devices import RemoteDevice
from services.sensor_reader.settings.boards import (
    BoardSettings,
    BoardsSettings,
    ChipSettings,
    did_you_mean,
    most_amperes,
)
from services.sensor_reader.settings.devices import DeviceSettings, NutSettings
from shared.config_lines import Lines
from shared.messages import Name
from shared.placed_error import Place, PlacedError
from shared.settings import ConfigError, Fault, Settings, read_one_of

__all__ = [
    "BoardSettings",
    "BoardsSettings",
    "ChipSettings",
    "Configuration",
    "DeviceSettings",
    "NutSettings",
    "ReaderSettings",
    "did_you_mean",
    "load",
    "most_amperes",
]


FIRST = "reader"  # the name of a site's first reader, whose service is called sensor_reader
LONGEST_NAME = 64


class RetrySettings(Settings):
    """How often a failed chip is read in one poll, and the pause between."""

    attempts: int = Field(default=3, ge=1, le=10)
    gap_ms: float = Field(default=10, ge=0, le=1000)


class SimulationSettings(Settings):
    """What the simulator plays on: a board of boards.yaml, and how often (0: for ever)."""

    board: str = "geekworm_x1201"
    cycles: int = Field(default=0, ge=0)


class ReaderSettings(Settings):
    """``config/sensor_reader.yaml``. ``source`` and ``speed`` as the command line has them.

    ``name`` tells the readers of one site apart.
    """

    name: Name = FIRST
    source: str = "auto"
    speed: float | None = Field(default=1.0, gt=0)
    retries: RetrySettings = RetrySettings()
    devices: tuple[DeviceSettings, ...] = ()
    simulation: SimulationSettings = SimulationSettings()

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if self.name.startswith("-") or len(self.name) > LONGEST_NAME:
            reason = f"must not begin with - and has at most {LONGEST_NAME} letters (got {self.name!r})"
            raise PlacedError((("name",), reason))
        names = [device.name for device in self.devices]
        twice = [number for number, name in enumerate(names) if name in names[:number]]
        if twice:
            reason = "is the name of a device above, too; each needs one of its own"
            raise PlacedError(*((("devices", number, "name"), f"{names[number]!r} {reason}") for number in twice))
        return self


def own_name(name: str, reader: str) -> str:
    """Return what the reader called ``reader`` calls a thing of its own: ``ups`` is ``ups-attic`` of attic's."""
    return name if reader == FIRST else f"{name}-{reader}"


@dataclass(frozen=True, slots=True)
class Configuration:
    """Both files, checked against each other."""

    reader: ReaderSettings
    boards: Mapping[str, BoardSettings]

    def devices(self) -> tuple[Device, ...]:
        """Return the configured devices as the poll sees them, without the distant ones."""
        return tuple(self._device(device) for device in self.reader.devices if device.remote() is None)

    def remote(self) -> tuple[tuple[DeviceSettings, RemoteDevice], ...]:
        """Return the devices that are asked and answer later."""
        return tuple((device, remote) for device in self.reader.devices if (remote := device.remote()) is not None)

    def simulated(self, interval_s: float, board: str | None = None) -> tuple[Device, ...]:
        """Return the devices of the simulator: a UPS on ``board``, or the one chosen in the settings, and the host."""
        name = own_name("ups", self.reader.name)
        ups = DeviceSettings(name=name, board=board or self.reader.simulation.board, interval_s=interval_s)
        host = DeviceSettings(name=own_name("host", self.reader.name), host=True, interval_s=interval_s)
        return self._device(ups), replace(self._device(host), parts=(HostPart(),))

    def _device(self, device: DeviceSettings) -> Device:
        retries = Retries(self.reader.retries.attempts, self.reader.retries.gap_ms / 1000)
        parts = device.parts(self.boards)
        cells = max((part.mount.cells for part in parts if isinstance(part, ChipPart)), default=1)
        board = self.boards.get(device.board or "")
        limits = {**(board.limits if board else {}), **device.limits}
        believed = plausibility(limits, cells, device.frozen_after_s, board.frozen_after_s if board else None)
        allowed = device.allow_power_cut
        return Device(device.name, parts, device.interval_s, device.zone, device.registers, retries, believed, allowed)


def load(folder: Path, environ: Mapping[str, str]) -> Configuration:
    """Return both files of ``folder``; raises ConfigError with the faults of both."""
    faults: list[Fault] = []
    reader = read_one_of(folder, "sensor_reader", ReaderSettings, environ, faults)
    boards = read_one_of(folder, "boards", BoardsSettings, environ, faults)
    if reader and boards:
        lines = Lines(folder, "sensor_reader", environ), Lines(folder, "boards", environ)
        faults += _cross_faults(*lines, reader, boards.boards)
    if faults or reader is None or boards is None:
        raise ConfigError(faults)
    return Configuration(reader, boards.boards)


def _cross_faults(
    own: Lines, profiles: Lines, reader: ReaderSettings, boards: Mapping[str, BoardSettings]
) -> list[Fault]:
    named: list[tuple[Place, str | None]] = [
        (("devices", index, "board"), device.board) for index, device in enumerate(reader.devices)
    ]
    named.append((("simulation", "board"), reader.simulation.board))
    faults = [
        own.fault(place, f"boards.yaml has no such board{did_you_mean(board, boards)} (got {board!r})")
        for place, board in named
        if board is not None and board not in boards
    ]
    faults += _unknown_drivers(own, reader)
    return faults or [*_shared_parts(own, reader, boards), *_out_of_reach(own, profiles, reader, boards)]


def _out_of_reach(
    own: Lines, profiles: Lines, reader: ReaderSettings, boards: Mapping[str, BoardSettings]
) -> list[Fault]:
    """Name limits of a current that the chip can never show, so that they never hold; also of profiles not in use."""
    faults = [
        profiles.fault(("boards", name, "limits", channel), reason)
        for name, board in boards.items()
        for channel, reason in _beyond(board.limits, board.most_amperes())
    ]
    for index, device in enumerate(reader.devices):
        beyond = _beyond(device.limits, most_amperes(device.parts(boards)))
        faults += [own.fault(("devices", index, "limits", channel), reason) for channel, reason in beyond]
    return faults


def _beyond(limits: Mapping[str, Bounds], most: Mapping[str, float]) -> Iterator[tuple[str, str]]:
    for channel, limit in limits.items():
        reach = most.get(channel)
        beyond = [each for each in (limit.low, limit.high) if each is not None and reach and abs(each) > reach * 1.001]
        if beyond:
            yield channel, f"{beyond[0]:g} A is out of reach; over its shunt the chip shows {reach:.3g} A at most"


def _unknown_drivers(own: Lines, reader: ReaderSettings) -> list[Fault]:
    """Name drivers that no installed package offers. They are not imported here: that is the reader's first poll."""
    installed = {point.name for point in entry_points(group=GROUP)}
    known = f"installed: {', '.join(sorted(installed)) or 'none'}"
    return [
        own.fault(("devices", index, "driver"), f"no installed package offers this driver; {known} (got {name!r})")
        for index, name in enumerate(device.driver for device in reader.devices)
        if name is not None and name not in installed
    ]


def _shared_parts(own: Lines, reader: ReaderSettings, boards: Mapping[str, BoardSettings]) -> list[Fault]:
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
                faults.append(own.fault(("devices", index), reason))
    return faults
