"""``python -m tools.bench --chips 20``: what reading so many chips once a second costs, as a share of one core.

The reader's own schedule, drivers, scrutiny and stage, in real time, with frames serialised and committed to a ledger
on disk as they are in earnest. What is left out: the wire of the bus, which costs waiting and hardly any processor,
and the broker. The simulated chips' own work is counted in.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.adapters.simulated.room import Room
from services.sensor_reader.adapters.simulated.senses import payloads
from services.sensor_reader.adapters.simulated.world import World
from services.sensor_reader.adapters.sources.feeds import LiveFeed
from services.sensor_reader.core.bus.interleave import Pause
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Input, Mount
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.polling.poller import Poller
from services.sensor_reader.core.ports import Ports
from services.sensor_reader.service import SensorReader
from shared.clock import SYSTEM_CLOCK, Clock
from shared.delivery.handler import InMemoryPublisher
from shared.ledger import Ledger
from shared.messages import Sequenced

PACK = World(charge=0.8, voltage_v=4.0, current_a=0.5)
SHUNT_OHM = 0.1


@dataclass(frozen=True, slots=True)
class Share:
    """``percent`` of one core over ``seconds``; ``frames`` were made by ``chips``, of which ``errors`` had errors."""

    chips: int
    seconds: float
    percent: float
    frames: int
    errors: int


class Outbox(InMemoryPublisher):
    """An outlet that serialises each frame and puts it into the ledger's transaction."""

    def __init__(self, ledger: Ledger) -> None:
        super().__init__()
        self._ledger = ledger
        self.frames = 0

    def emit(self, message: Sequenced) -> None:
        """Keep it as the outbox would."""
        self.frames += 1
        self._ledger.put(f"sent/{self.frames % 1000}", message.model_dump_json(exclude_none=True).encode())


def devices(count: int) -> Iterator[Device]:
    """Yield ``count`` devices of one chip each, of every kind in turn, each on a bus of its own."""
    for bus, chip in enumerate(islice(cycle(CHIPS.values()), count)):
        mount = _mount(chip)
        yield Device(f"chip_{bus}", (ChipPart(chip.on(mount), bus, chip.addresses[0], mount),))


def _mount(chip: Chip) -> Mount:
    inputs = tuple(Input(number, "battery", SHUNT_OHM) for number in range(1, min(chip.inputs, 1) + 1))
    return Mount(shunt_ohm=SHUNT_OHM, inputs=inputs)


def stand(found: Sequence[Device]) -> dict[int, SimulatedBus]:
    """Return the buses of ``found`` with a simulated chip on each that shows a battery being charged."""
    buses: dict[int, SimulatedBus] = {}
    for device in found:
        for part in device.parts:
            if isinstance(part, ChipPart):
                bus = buses.setdefault(part.bus, SimulatedBus())
                bus.attach(part.address, SIMULATED[part.chip.kind](part.address))
                for block, payload in payloads(part, PACK, Room(), 0).items():
                    bus.hold(part.address, block, payload)
    return buses


def measure(count: int, seconds: float, folder: Path) -> Share:
    """Read ``count`` chips once a second for ``seconds``, and return what it took of the processor."""
    found, clock = list(devices(count)), SYSTEM_CLOCK
    buses = stand(found)

    def pause(wait_s: float) -> None:
        for bus in buses.values():
            bus.wait(wait_s)
        time.sleep(wait_s)

    with closing(Ledger(folder / "ledger.sqlite")) as ledger:
        outbox = Outbox(ledger)
        began = clock.monotonic()
        handler = SensorReader(LiveFeed("i2c", Poller(found, Ports(buses), pause, began)), ledger, outbox, "bench")
        handler.begin(clock.wall())
        used_s, lasted_s = _play(handler, pause, clock, began + seconds)
        errors = handler.figures()["errors"]
    return Share(count, lasted_s, 100 * used_s / lasted_s, outbox.frames, int(errors))


def _play(handler: SensorReader, pause: Pause, clock: Clock, ends: float) -> tuple[float, float]:
    """Step when it is due until the time is over; return seconds of processor and of wall from the second poll on."""
    handler.step(clock.monotonic(), clock.wall())
    used, began = time.process_time(), clock.monotonic()
    while (due := handler.next_release()) is not None and due <= ends:
        pause(max(due - clock.monotonic(), 0.0))
        handler.step(clock.monotonic(), clock.wall())
    return time.process_time() - used, clock.monotonic() - began
