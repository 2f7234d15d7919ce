"""From the source's name to the feed: ``i2c``, ``sim[:scenario]``, ``recording:FILE[,FILE…]`` or ``auto``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from services.sensor_reader.adapters.machine.gpio import GpioLines, chip_files
from services.sensor_reader.adapters.machine.host import LinuxHost
from services.sensor_reader.adapters.machine.smbus import SmBus
from services.sensor_reader.adapters.machine.vitals import LinuxVitals
from services.sensor_reader.adapters.remote.background_reader import BackgroundReader
from services.sensor_reader.adapters.remote.drivers import ForeignDriver
from services.sensor_reader.adapters.remote.nut import NutUps
from services.sensor_reader.adapters.simulated.climate_room import ClimateRoomFeed
from services.sensor_reader.adapters.simulated.room_wire import RoomWire
from services.sensor_reader.adapters.simulated.scenarios import SCENARIOS
from services.sensor_reader.adapters.simulated.script import Scenario
from services.sensor_reader.adapters.sources.feeds import LiveFeed, PlayedFeed
from services.sensor_reader.adapters.sources.recording import Recording
from services.sensor_reader.adapters.sources.simulation import Simulation
from services.sensor_reader.core.bus.interleave import Pause
from services.sensor_reader.core.polling.device import ChipPart, Device, HostPart, LinePart, Part
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.polling.probe import Finding, probe
from services.sensor_reader.core.polling.remote_devices import RemotePoller
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.core.sources.feed import Feed
from services.sensor_reader.settings import Configuration, DeviceSettings, did_you_mean
from shared.climate.room_presets import PRESETS
from shared.extras import is_missing, needs
from shared.suite import SuiteSettings

DEFAULT_SCENARIO = "outage"
_NO_GPIO = (
    "its board reports the mains on a GPIO line, and this machine shows no GPIO chip (/dev/gpiochip*); load its"
    " driver, or pass the chip into the container: ac_present is left out, so loss of mains is not seen here"
)


class SourceError(ValueError):
    """A source that cannot be what it is called; says what was found and what would be right."""


class Closable(Protocol):
    """Something held that can be given back."""

    def close(self) -> None:
        """Give it back; safe to call twice."""


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A feed ready for the stage, and what a person should know: ``said`` is for the log, loudly, once."""

    feed: Feed
    notes: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may say beside the source's name.

    ``speed`` and ``cycles`` None: as fast as it goes, for ever. ``device`` and ``zone`` are for CSV recordings.
    ``dev`` and ``root`` stand for /dev and /; ``data`` is the folder whose disk the host's sensors watch,
    ``suite`` whose broker a simulated room's actuators are at.
    """

    speed: float | None = 1.0
    cycles: int | None = None
    device: str | None = None
    zone: str | None = None
    dev: Path = field(default=Path("/dev"))
    root: Path = field(default=Path("/"))
    data: Path | None = None
    suite: SuiteSettings = field(default_factory=SuiteSettings)


def open_source(text: str, configuration: Configuration, options: Options, pause: Pause, now: float) -> OpenedSource:
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


def _simulation(scenario: str, configuration: Configuration, options: Options) -> OpenedSource:
    if scenario in PRESETS:
        return _room(scenario, options)
    if scenario not in SCENARIOS:
        known = did_you_mean(scenario, [*SCENARIOS, *PRESETS])
        raise SourceError(f"source 'sim:{scenario}': no such scenario{known}")
    script = SCENARIOS[scenario]
    devices = script.devices or configuration.simulated(script.step_s, _board(script, configuration))
    source = Simulation(script, devices, options.cycles)
    on = f" on the board {script.board}" if script.board else ""
    text = f"playing the simulated scenario {scenario}{on}: {script.description}"
    return OpenedSource(PlayedFeed(source, options.speed), (text,))


def _room(name: str, options: Options) -> OpenedSource:
    """Return a room that answers its actuators; a loop with services that go by the clock has one speed."""
    if options.speed != 1.0:
        raise SourceError(
            f"source 'sim:{name}': plays at speed 1 alone, for controller and supervisor go by the clock;"
            f" `upskeep climate simulate --room {name} --days 7` is as fast as it goes"
        )
    preset = PRESETS[name]
    topics = [f"sim/{each.name}/{word}" for each in preset.zone.actuators for word in ("set", "get")]
    feed = ClimateRoomFeed(preset, RoomWire(options.suite, f"room-{name}", topics))
    text = f"simulating a room whose actuators can be switched: {preset.note}"
    return OpenedSource(feed, (text,), feed.close)


def _board(script: Scenario, configuration: Configuration) -> str | None:
    """Return the board that the scenario needs; raises SourceError where others would take its battery for another."""
    if script.board is None:
        return None
    chosen = configuration.reader.simulation.board
    wanted, played = configuration.boards.get(script.board), configuration.boards[chosen]
    if wanted is None or (wanted.cells, wanted.chemistry) != (played.cells, played.chemistry):
        raise SourceError(
            f"source 'sim:{script.name}': it plays on the board {script.board}, and simulation.board is {chosen},"
            f" whose battery is another; set simulation.board to {script.board}"
        )
    return script.board


def _recording(names: str, options: Options) -> OpenedSource:
    files = tuple(Path(name.strip()) for name in names.split(",") if name.strip())
    if not files:
        raise SourceError("source 'recording:': name a file, e.g. recording:discharge.csv")
    source = Recording(files, options.device, options.zone)
    source.check()
    return OpenedSource(PlayedFeed(source, options.speed))


def _hardware(configuration: Configuration, options: Options, pause: Pause, now: float) -> OpenedSource:
    if not configuration.reader.devices:
        raise SourceError("source 'i2c': sensor_reader.yaml names no devices; add one under devices")
    host = LinuxHost(options.root)
    devices, notes = _readable(configuration.devices(), host, options.dev)
    buses, lines = _buses(devices, options.dev), _lines(devices, options.dev)
    ports = Ports(buses, lines, host, LinuxVitals(options.root, options.data))
    findings = [f"{f.device}: {f.chip} on bus {f.bus}: {f.detail}" for f in probe(devices, ports) if f.detail]
    background_readers = {device.name: _background_reader(device) for device, _ in configuration.remote()}
    remote_poller = RemotePoller([remote for _, remote in configuration.remote()], background_readers, now)
    feed = LiveFeed("i2c", Poller(devices, ports, pause, now), remote_poller)
    return OpenedSource(
        feed, (*notes, *findings), lambda: _close([*buses.values(), lines, *background_readers.values()])
    )


def _background_reader(device: DeviceSettings) -> BackgroundReader:
    """Return a distant device on a thread of its own."""
    reader = NutUps(device.nut) if device.nut else ForeignDriver(device.driver or "", device.settings)
    return BackgroundReader(f"reader-{device.name}", reader.read, reader.close)


def _whatever_is_there(configuration: Configuration, options: Options, pause: Pause, now: float) -> OpenedSource:
    buses = _buses(configuration.devices(), options.dev)
    findings = probe(configuration.devices(), Ports(buses))
    _close(list(buses.values()))
    remote = [f"{device.name} ({device.part})" for _, device in configuration.remote()]
    if remote or any(finding.answers for finding in findings):
        opened = _hardware(configuration, options, pause, now)
        answering = [f"{f.device} ({f.chip}) answers" for f in findings if f.answers]
        why = ", ".join(answering + [f"{name} is to be asked" for name in remote])
        return replace(opened, notes=(f"source auto: reading the hardware: {why}", *opened.notes))
    opened = _simulation(DEFAULT_SCENARIO, configuration, options)
    return replace(opened, notes=(_nobody(findings), *opened.notes))


def _nobody(findings: Sequence[Finding]) -> str:
    why = "; ".join(f"{f.chip} on bus {f.bus}: {f.detail}" for f in findings) or "no chip is configured"
    return (
        "source auto: NO HARDWARE ANSWERS, so what follows is SIMULATED and no reading of yours"
        f" ({why}). Set source to i2c to insist on the hardware"
    )


def _readable(devices: Sequence[Device], host: LinuxHost, dev: Path) -> tuple[tuple[Device, ...], tuple[str, ...]]:
    """Leave out what this machine cannot read at all, and say so."""
    gpio, warm = bool(chip_files(dev)), host.has_cpu_temperature()
    missing: list[tuple[type[Part], str]] = []
    if not gpio:
        missing.append((LinePart, f"its board's GPIO line {needs('gpiod')}" if is_missing("gpiod") else _NO_GPIO))
    if not warm:
        missing.append((HostPart, "this machine shows no processor temperature: cpu_temperature is left out"))
    kept: list[Device] = []
    notes: list[str] = []
    for device in devices:
        parts = device.parts
        for kind, note in missing:
            if any(isinstance(part, kind) for part in parts):
                parts = tuple(part for part in parts if not isinstance(part, kind))
                notes.append(f"{device.name}: {note}")
        if parts:
            kept.append(replace(device, parts=parts))
    return tuple(kept), tuple(notes)


def _buses(devices: Sequence[Device], dev: Path) -> dict[int, SmBus]:
    numbers = {part.bus for device in devices for part in device.parts if isinstance(part, ChipPart)}
    return {number: SmBus(number, dev) for number in sorted(numbers)}


def _lines(devices: Sequence[Device], dev: Path) -> GpioLines:
    parts = [part for device in devices for part in device.parts if isinstance(part, LinePart)]
    return GpioLines({part.line: part.wiring for part in parts}, dev)


def _close(held: Sequence[Closable]) -> None:
    for one in held:
        one.close()
