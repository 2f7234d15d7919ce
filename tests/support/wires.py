"""Chips and bytes: what a chip's table makes of what is on the wire, without any bus."""

from __future__ import annotations

from collections.abc import Mapping

from services.sensor_reader.core.chips.model import Chip
from services.sensor_reader.core.chips.mount import Mount
from services.sensor_reader.core.reading import Reading


def understood(chip: Chip, mount: Mount, wires: Mapping[str, str]) -> Reading:
    """Return what answers mean, in hexadecimal by what was written for them; blocks not named were not read."""
    blocks = {block.name: block for block in chip.blocks()}
    payloads = {}
    for name, wire in wires.items():
        payload = blocks[name].opened(chip.addresses[0], bytes.fromhex(wire))
        assert payload is not None, f"the check bytes of {wire} are wrong"
        payloads[blocks[name]] = payload
    return chip.interpret(payloads, mount)
