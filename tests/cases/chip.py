"""``chip.py KIND SHUNT_OHM BLOCK=HEX…``: what the reader makes of these bytes, over its simulated bus, as JSON.

The field's own chip.py calls the reader by module names of before; this one stands in for it, with the same output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from services.sensor_reader.adapters.simulated.bus import SimulatedBus
from services.sensor_reader.adapters.simulated.parts import SIMULATED
from services.sensor_reader.core.bus.chip_io import ChipAddress, ChipMemory, read_chip
from services.sensor_reader.core.bus.interleave import interleave
from services.sensor_reader.core.chips import CHIPS
from services.sensor_reader.core.chips.mount import Mount


def read(kind: str, shunt_ohm: float, payloads: Mapping[str, str]) -> dict[str, Any]:
    """Return the values and the doubts of one read, with these payloads in hexadecimal by the block's name."""
    mount = Mount("battery" if shunt_ohm else None, shunt_ohm)
    bus, chip = SimulatedBus(), CHIPS[kind].on(mount)
    address = chip.addresses[0]
    bus.attach(address, SIMULATED[kind](address))
    for block in chip.blocks():
        if block.name in payloads:
            bus.hold(address, block, bytes.fromhex(payloads[block.name]))
    task = read_chip(chip, ChipAddress(bus, address), mount, ChipMemory(0.0, begun=True), bus.now)
    reading = interleave([task], bus.wait)[0][0]
    return {"values": dict(reading.values), "doubts": [doubt.code for doubt in reading.doubts]}


def main(arguments: Sequence[str]) -> None:
    """Print it."""
    kind, shunt, *given = arguments
    print(json.dumps(read(kind, float(shunt), dict(pair.split("=") for pair in given))))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
