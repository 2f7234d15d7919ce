"""A device as the poll sees it: parts that are read together and make up one frame."""

from __future__ import annotations

from dataclasses import dataclass

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.gpio_line import Bias, GpioLine, LineId
from services.sensor_reader.core.plausibility.limits import USUAL, Plausibility
from services.sensor_reader.core.ports import PortError, Ports
from services.sensor_reader.core.reading import Reading, within_range


@dataclass(frozen=True, slots=True)
class ChipPart:
    """A chip at an address of a bus."""

    chip: Chip
    bus: int
    address: int
    mount: Mount

    @property
    def name(self) -> str:
        """How errors name it, e.g. ``max17043@0x36``."""
        return f"{self.chip.kind}@{self.address:#04x}"


@dataclass(frozen=True, slots=True)
class LinePart:
    """A GPIO line that shows whether the mains are there; boards differ in which level means so."""

    line: LineId
    high_means_mains: bool
    chip: str | None = None
    bias: Bias = "as_is"

    @property
    def name(self) -> str:
        """How errors name it."""
        return f"gpio{self.line}" if isinstance(self.line, int) else self.line

    @property
    def wiring(self) -> GpioLine:
        """The line itself."""
        return GpioLine(self.line, self.chip, self.bias)

    def read(self, ports: Ports) -> Reading:
        """Read the line; raises PortError."""
        if ports.lines is None:
            raise PortError("bus", "this machine gives no access to GPIO lines")
        return Reading({"ac_present": ports.lines.read(self.line) == self.high_means_mains})


@dataclass(frozen=True, slots=True)
class HostPart:
    """The processor's own thermometer."""

    name: str = "cpu"

    def read(self, ports: Ports) -> Reading:
        """Read it; raises PortError."""
        if ports.host is None:
            raise PortError("bus", "this machine shows no processor temperature")
        values, doubts = within_range({"cpu_temperature": ports.host.cpu_temperature()})
        return Reading(values, doubts)


@dataclass(frozen=True, slots=True)
class VitalsPart:
    """What else the host shows of itself: supply and throttling, disk, uptime, load."""

    name: str = "host"

    def read(self, ports: Ports) -> Reading:
        """Read what there is; raises PortError."""
        if ports.vitals is None:
            raise PortError("bus", "this machine shows nothing of its own state")
        values, doubts = within_range(ports.vitals.read())
        return Reading(values, doubts)


Part = ChipPart | LinePart | HostPart | VitalsPart


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed part is read in one poll (``attempts`` in all), and the pause between."""

    attempts: int = 3
    gap_s: float = 0.01


@dataclass(frozen=True, slots=True)
class Device:
    """What is polled together under one name. ``registers``: put the words as read into the frame.

    ``allow_power_cut``: whether the command ``cut_power`` may order its board to.
    """

    name: str
    parts: tuple[Part, ...]
    interval_s: float = 1.0
    zone: str | None = None
    registers: bool = False
    retries: Retries = Retries()
    plausibility: Plausibility = USUAL
    allow_power_cut: bool = False
