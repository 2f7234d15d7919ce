"""From the source's name to the feed: ``i2c``, ``sim[:scenario]``, ``recording:FILE[,FILE…]`` or ``auto``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.sensor_reader.adapters.feeds import Live, Played
from services.sensor_reader.adapters.host import LinuxHost
from services.sensor_reader.adapters.recording import Recording
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.simulated.script import Scenario
from services.sensor_reader.adapters.simulation import Simulation
from services.sensor_reader.adapters.smbus import SmBus
from services.sensor_reader.core.device import ChipPart, Device, HostPart, LinePart
from services.sensor_reader.core.feed import Feed
from services.sensor_reader.core.poller import Poller
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.core.probe import Finding, probe
from services.sensor_reader.core.together import Pause
from services.sensor_reader.settings import Configuration, did_you_mean

DEFAULT_SCENARIO = "outage"


class SourceError(ValueError):
    """A source that cannot be what it is called; says what was found and what would be right."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A feed ready for the stage, and what a person should be told: ``said`` is for the log, loudly, once."""

    feed: Feed
    said: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may say beside the source's name.

    ``speed`` and ``cycles`` None: as fast as it goes, for ever. ``device`` and ``zone`` are for CSV recordings.
    ``dev`` and ``root`` stand for /dev and /.
    """

    speed: float | None = 1.0
    cycles: int | None = None
    device: str | None = None
    zone: str | None = None
    dev: Path = field(default=Path("/dev"))
    root: Path = field(default=Path("/"))


def open_source(text: str, configuration: Configuration, options: Options, pause: Pause, now: float) -> Opened:
    """Return the feed of source ``text``; raises SourceError or RecordingError. ``now`` is monotonic seconds."""
    kind, _, rest = text.partition(":")
    if kind == "sim":
        return _simulation(rest or DEFAULT_SCENARIO, configuration, options)
    if kind == "recording":
        return _recording(rest, options)
    if kind == "i2c" and not rest:
        return _hardware(configuration, options, pause, now)
    if kind == "auto" and not rest:
        return _whatever_is_there(configuration, options, pause, now)
    raise SourceError(f"source {text!r}: must be auto, i2c, sim:SCENARIO or recording:FILE[,FILE…]")


def _simulation(scenario: str, configuration: Configuration, options: Options) -> Opened:
    if scenario not in SCENARIOS:
        raise SourceError(f"source 'sim:{scenario}': no such scenario{did_you_mean(scenario, SCENARIOS)}")
    script = SCENARIOS[scenario]
    source = Simulation(script, configuration.simulated(script.step_s, _board(script, configuration)), options.cycles)
    on = f" on the board {script.board}" if script.board else ""
    told = f"playing the simulated scenario {scenario}{on}: {script.description}"
    return Opened(Played(source, options.speed), (told,))


def _board(script: Scenario, configuration: Configuration) -> str | None:
    """Return the board that the scenario needs; raises SourceError where others would take its battery for another."""
    if script.board is None:
        return None
    chosen = configuration.reader.simulation.board
    wanted, told = configuration.boards.get(script.board), configuration.boards[chosen]
    if wanted is None or (wanted.cells, wanted.chemistry) != (told.cells, told.chemistry):
        raise SourceError(
            f"source 'sim:{script.name}': it plays on the board {script.board}, and simulation.board is {chosen},"
            f" whose battery is another; set simulation.board to {script.board}"
        )
    return script.board


def _recording(names: str, options: Options) -> Opened:
    files = tuple(Path(name.strip()) for name in names.split(",") if name.strip())
    if not files:
        raise SourceError("source 'recording:': name a file, e.g. recording:discharge.csv")
    source = Recording(files, options.device, options.zone)
    source.check()
    return Opened(Played(source, options.speed))


def _hardware(configuration: Configuration, options: Options, pause: Pause, now: float) -> Opened:
    if not configuration.reader.devices:
        raise SourceError("source 'i2c': sensor_reader.yaml names no devices; add one under devices")
    buses = _buses(configuration.devices(), options.dev)
    devices, notes = _readable(configuration.devices(), LinuxHost(options.root))
    ports = Ports(buses, None, LinuxHost(options.root))
    findings = [f"{f.device}: {f.chip} on bus {f.bus}: {f.detail}" for f in probe(devices, ports) if f.detail]
    return Opened(
        Live("i2c", Poller(devices, ports, pause, now)), (*notes, *findings), lambda: _close(list(buses.values()))
    )


def _whatever_is_there(configuration: Configuration, options: Options, pause: Pause, now: float) -> Opened:
    buses = _buses(configuration.devices(), options.dev)
    findings = probe(configuration.devices(), Ports(buses))
    _close(list(buses.values()))
    if any(finding.answers for finding in findings):
        opened = _hardware(configuration, options, pause, now)
        answering = ", ".join(f"{f.device} ({f.chip})" for f in findings if f.answers)
        return replace(opened, said=(f"source auto: reading the hardware: {answering} answers", *opened.said))
    opened = _simulation(DEFAULT_SCENARIO, configuration, options)
    return replace(opened, said=(_nobody(findings), *opened.said))


def _nobody(findings: Sequence[Finding]) -> str:
    why = "; ".join(f"{f.chip} on bus {f.bus}: {f.detail}" for f in findings) or "no chip is configured"
    return (
        "source auto: NO HARDWARE ANSWERS, so what follows is SIMULATED and no reading of yours"
        f" ({why}). Set source to i2c to insist on the hardware"
    )


def _readable(devices: Sequence[Device], host: LinuxHost) -> tuple[tuple[Device, ...], tuple[str, ...]]:
    """Leave out what this machine cannot read, and say so."""
    kept: list[Device] = []
    notes: list[str] = []
    for device in devices:
        parts = tuple(part for part in device.parts if not isinstance(part, LinePart))
        if len(parts) < len(device.parts):
            notes.append(
                f"{device.name}: its board tells of the mains on a GPIO line, which this version does not read:"
                " ac_present is left out, so loss of mains is not seen here"
            )
        if any(isinstance(part, HostPart) for part in parts) and not host.has_cpu_temperature():
            parts = tuple(part for part in parts if not isinstance(part, HostPart))
            notes.append(f"{device.name}: this machine shows no processor temperature: cpu_temperature is left out")
        if parts:
            kept.append(replace(device, parts=parts))
    return tuple(kept), tuple(notes)


def _buses(devices: Sequence[Device], dev: Path) -> dict[int, SmBus]:
    numbers = {part.bus for device in devices for part in device.parts if isinstance(part, ChipPart)}
    return {number: SmBus(number, dev) for number in sorted(numbers)}


def _close(buses: Sequence[SmBus]) -> None:
    for bus in buses:
        bus.close()
