"""Polls of devices make Frames.

Rules:
1. A part that fails is tried again at most ``retries.attempts`` times in all, then says so once.
2. A frame holds what this poll has read and nothing else: an old value is never carried over. A device that is well
   and has nothing new gives no frame.
3. ``core/polling/quality.py`` says how far a frame can be believed.
4. What was read is held against what was read before (``core/plausibility/parts.py``).
5. Devices of one round are read together: while one chip measures, others are asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.sensor_reader.core.bus.chip_io import ChipAddress, ChipMemory, Waits, read_chip
from services.sensor_reader.core.bus.interleave import Pause, interleave
from services.sensor_reader.core.plausibility.parts import DeviceHistory, Outcome, PartOutcome, judge_parts
from services.sensor_reader.core.polling.device import ChipPart, Device, Part
from services.sensor_reader.core.polling.quality import quality_of
from services.sensor_reader.core.ports import PortError, Ports
from services.sensor_reader.core.reading import Reading
from shared.messages import Frame, ReadError, Scalar


@dataclass(slots=True)
class PollHistory:
    """What earlier polls have seen: of chips by device and part, of devices by name."""

    chips: dict[tuple[str, str], ChipMemory] = field(default_factory=dict)
    devices: dict[str, DeviceHistory] = field(default_factory=dict)


def poll_device(device: Device, ports: Ports, time: datetime, pause: Pause) -> Frame | None:
    """Read every part of ``device``, never seen before; as ``poll_devices``."""
    return poll_devices([device], ports, time, pause, PollHistory(), 0.0)[0]


def poll_devices(
    devices: Sequence[Device], ports: Ports, time: datetime, pause: Pause, memories: PollHistory, now: float
) -> list[Frame | None]:
    """Read the devices together and return each one's frame of ``time``; never raises for a fault of the hardware.

    ``memories`` holds what earlier polls have seen, and is brought up to date; ``now`` is uptime in seconds.
    """
    parts = [(device, part) for device in devices for part in device.parts]
    outcomes = interleave([_read(device, part, ports, memories, now) for device, part in parts], pause)
    frames = []
    for device in devices:
        own = [(part.name, outcome) for (owner, part), outcome in zip(parts, outcomes, strict=True) if owner is device]
        past = memories.devices.get(device.name, DeviceHistory())
        believed, memories.devices[device.name] = judge_parts(own, past, device.plausibility, now)
        frames.append(_frame(device, [(name, b) for (name, _), b in zip(own, believed, strict=True)], time))
    return frames


def _read(device: Device, part: Part, ports: Ports, memories: PollHistory, now: float) -> Waits[Outcome]:
    key, retries = (device.name, part.name), device.retries
    for attempt in range(1, retries.attempts + 1):
        try:
            reading, memories.chips[key] = yield from _try(part, ports, memories.chips.get(key, ChipMemory()), now)
        except PortError as error:
            failure = error
        else:
            return reading
        if attempt < retries.attempts:
            yield retries.gap_s
    detail = f"{failure.detail} ({retries.attempts} attempts)"
    return ReadError(code=failure.code, chip=part.name, detail=detail)


def _try(part: Part, ports: Ports, memory: ChipMemory, now: float) -> Waits[tuple[Reading, ChipMemory]]:
    if isinstance(part, ChipPart):
        return (
            yield from read_chip(part.chip, ChipAddress(ports.buses[part.bus], part.address), part.mount, memory, now)
        )
    return part.read(ports), memory


def _frame(device: Device, found: Sequence[PartOutcome], time: datetime) -> Frame | None:
    values: dict[str, Scalar] = {}
    registers: dict[str, int] = {}
    errors: list[ReadError] = []
    waits = False
    for name, outcome in found:
        if isinstance(outcome, ReadError):
            errors.append(outcome)
            continue
        values |= outcome.values
        registers |= outcome.registers
        errors += [doubt.error(name) for doubt in outcome.doubts]
        waits |= outcome.waits
    if waits and not values and not errors:
        return None
    return Frame(
        time=time,
        device=device.name,
        zone=device.zone,
        values=values,
        quality=quality_of(values, errors),
        errors=tuple(errors),
        registers=registers if device.registers and registers else None,
    )
