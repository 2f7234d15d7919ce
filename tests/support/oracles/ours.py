"""Our own driver over the same simulated chip as the oracle's."""

from __future__ import annotations

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.bus.chip_io import ChipAddress, ChipMemory, read_chip
from services.sensor_reader.core.bus.interleave import interleave
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading


def attach(bus: SimulatedBus, kind: str) -> int:
    """Put the simulated chip of ``kind`` on the bus, and return where."""
    address = CHIPS[kind].addresses[0]
    bus.attach(address, SIMULATED[kind](address))
    return address


def show(bus: SimulatedBus, kind: str, payloads: dict[str, bytes], mount: Mount | None = None) -> None:
    """Let the chip hold payloads, by the name of the block, or "" for every block."""
    for block in CHIPS[kind].on(mount or Mount()).blocks():
        if block.name in payloads or "" in payloads:
            bus.hold(CHIPS[kind].addresses[0], block, payloads.get(block.name, payloads.get("", b"")))


def read(bus: SimulatedBus, kind: str, mount: Mount | None = None, memory: ChipMemory | None = None) -> Reading:
    """Ask the chip once, and return what our driver makes of it."""
    place = ChipAddress(bus, CHIPS[kind].addresses[0])
    asked = read_chip(
        CHIPS[kind].on(mount or Mount()), place, mount or Mount(), memory or ChipMemory(0.0, begun=True), bus.now
    )
    return interleave([asked], bus.wait)[0][0]
