"""Runs inside the guest: fills the kernel's i2c-stub, and reads it through the real adapter."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import smbus2
from click.testing import CliRunner

from services.sensor_reader.adapters.machine.clock import LinuxClock
from services.sensor_reader.adapters.machine.smbus import SmBus
from services.sensor_reader.adapters.sources.open_source import Options, open_source
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poll import poll_device
from services.sensor_reader.core.ports import BusError, Ports
from services.sensor_reader.service import SensorReader
from services.sensor_reader.settings import Configuration, load
from shared.clock import SYSTEM_CLOCK
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Frame
from tests.support.i2c.observe import GAUGE, GAUGE_BYTES, MONITOR, MONITOR_WORDS, NOBODY, observe
from upskeep.cli import cli

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEVICE = Device(
    "ups",
    (
        ChipPart(CHIPS["max17040"], 0, GAUGE, Mount()),
        ChipPart(CHIPS["ina219"], 0, MONITOR, Mount("output", shunt_ohm=0.1)),
    ),
    registers=True,
)


def fill() -> None:
    """Put the registers in. i2c-stub keeps a word per register, and a block is the low bytes of words in a row."""
    with smbus2.SMBus(0) as bus:
        for offset in range(len(GAUGE_BYTES)):
            low, high = GAUGE_BYTES[offset], (GAUGE_BYTES + b"\0")[offset + 1]
            bus.write_word_data(GAUGE, 0x02 + offset, low | high << 8)
        for register, word in MONITOR_WORDS.items():
            bus.write_word_data(MONITOR, register, (word & 0xFF) << 8 | word >> 8)


def failure(bus: SmBus) -> str:
    """Return what a read says, when it fails or not."""
    try:
        return f"read {bus.read_word(GAUGE, 0x02):#06x}"
    except BusError as error:
        return str(error)
    finally:
        bus.close()


def auto() -> tuple[str, ...]:
    """Let the source be chosen, with the shipped board on bus 0, and return its name and what is said."""
    configuration = load(Path("config"), {"UPSKEEP_SENSOR_READER__DEVICES__0__BUS": "0"})
    opened = open_source("auto", Configuration(configuration.reader, configuration.boards), Options(), _no_pause, 0.0)
    frames = [content.model_dump_json() for content in opened.feed.poll(0.0, NOW, 1) if isinstance(content, Frame)]
    opened.close()
    return (opened.feed.name, *opened.notes, *frames)


def scan(*options: str) -> str:
    """Return what the command prints. In this process: the start of another takes long where it is emulated."""
    done = CliRunner().invoke(cli, ["scan", "--bus", "0", *options])
    assert done.exit_code == 0, done.output
    return done.stdout


def init() -> dict[str, str]:
    """Let the command write a configuration; returns what it printed, and the file of the reader.

    Whether the whole configuration is good is asked where it is not emulated: it takes the modules of every service.
    """
    sys.modules["upskeep.check"] = check = ModuleType("upskeep.check")
    check.check_config = lambda *_: None  # type: ignore[attr-defined]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "config")
        done = CliRunner().invoke(cli, ["init", "--yes", "--config", str(config)])
        assert done.exit_code == 0, done.output
        return {"output": done.output, "sensor_reader": (config / "sensor_reader.yaml").read_text(encoding="utf-8")}


CONFIGURED = f"""
devices:
  - {{name: ups, chip: max17040, bus: 0, address: {GAUGE:#x}}}
  - {{name: rail, chip: ina219, bus: 0, address: {MONITOR:#x}, shunt_ohm: 0.1, measures: output}}
  - {{name: gone, chip: ina219, bus: 0, address: 0x45, shunt_ohm: 0.1, measures: input}}
"""
RUN_S = 20.0


def run() -> dict[str, object]:
    """Run the reader on two chips and one that is absent: its settings, source, drive and stage, in real time.

    Not the process itself, which would need a broker in the guest; the outlet keeps what would be published.
    """
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy("config/boards.yaml", folder)
        Path(folder, "sensor_reader.yaml").write_text(CONFIGURED, encoding="utf-8")
        clock = SYSTEM_CLOCK
        opened = open_source("i2c", load(Path(folder), {}), Options(), time.sleep, clock.monotonic())
        outlet = InMemoryPublisher()
        with closing(Ledger(Path(folder, "ledger.sqlite"))) as ledger:
            handler = SensorReader(opened.feed, ledger, outlet, "guest", LinuxClock(clock.wall))
            handler.begin(clock.wall())
            ends, used = clock.monotonic() + RUN_S, time.process_time()
            while (due := handler.next_release()) is not None and due < ends:
                time.sleep(max(due - clock.monotonic(), 0.0))
                handler.step(clock.monotonic(), clock.wall())
            used = time.process_time() - used
            handler.finish(clock.wall())
            figures = dict(handler.figures())
        opened.close()
    frames = [frame.model_dump(mode="json") for frame in outlet.emitted if isinstance(frame, Frame)]
    return {"notes": opened.notes, "frames": frames, "figures": figures, "processor_s": used}


def _no_pause(_: float) -> None:
    """Waiting is for real faults."""


def dumped(frame: Frame | None) -> object:
    """Return a frame as JSON data; None stays None."""
    return None if frame is None else frame.model_dump(mode="json")


def everything() -> dict[str, object]:
    """Return everything there is to see."""
    fill()
    bus = SmBus(0)
    seen: dict[str, object] = {"contract": observe(bus)}
    seen["frame"] = dumped(poll_device(DEVICE, Ports({0: bus}), NOW, _no_pause))
    gone = Device("rail", (*DEVICE.parts, ChipPart(CHIPS["ina219"], 0, NOBODY, Mount(shunt_ohm=0.1))))
    seen["with a chip gone"] = dumped(poll_device(gone, Ports({0: bus}), NOW, _no_pause))
    seen["second reader"] = failure(SmBus(0))
    bus.close()
    seen["after the first has closed"] = failure(SmBus(0))
    seen["missing bus"] = failure(SmBus(7))
    seen["auto"] = auto()
    seen["run"] = run()
    seen["scan"] = json.loads(scan("--json"))
    seen["scan for a person"] = scan()
    seen["init"] = init()
    return seen
