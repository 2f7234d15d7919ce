"""One poll of one device makes one Frame.

Rules:
1. A part that fails is tried again at most ``retries.attempts`` times in all, then says so once.
2. A frame holds what this poll has read and nothing else: an old value is never carried over.
3. Quality: every part failed or no value is left → bad; some failed or were not believed → suspect; else good.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from services.sensor_reader.core.chips.model import Reading
from services.sensor_reader.core.device import Device, Part, Retries
from services.sensor_reader.core.ports import PortError, Ports
from shared.messages import Frame, Quality, ReadError, Scalar

Pause = Callable[[float], None]


def poll_device(device: Device, ports: Ports, time: datetime, pause: Pause) -> Frame:
    """Read every part of ``device`` and return the frame of ``time``; never raises for a fault of the hardware."""
    values: dict[str, Scalar] = {}
    registers: dict[str, int] = {}
    errors: list[ReadError] = []
    for part in device.parts:
        outcome = _read(part, ports, device.retries, pause)
        if isinstance(outcome, ReadError):
            errors.append(outcome)
            continue
        values |= outcome.values
        registers |= outcome.registers
        errors += [ReadError(code=doubt.code, chip=part.name, detail=doubt.detail) for doubt in outcome.doubts]
    return Frame(
        time=time,
        device=device.name,
        zone=device.zone,
        values=values,
        quality=_quality(values, errors),
        errors=tuple(errors),
        registers=registers if device.registers and registers else None,
    )


def _read(part: Part, ports: Ports, retries: Retries, pause: Pause) -> Reading | ReadError:
    for attempt in range(1, retries.attempts + 1):
        try:
            return part.read(ports)
        except PortError as error:
            failure = error
        if attempt < retries.attempts:
            pause(retries.gap_s)
    detail = f"{failure.detail} ({retries.attempts} attempts)"
    return ReadError(code=failure.code, chip=part.name, detail=detail)


def _quality(values: dict[str, Scalar], errors: list[ReadError]) -> Quality:
    if not values:
        return Quality.BAD
    return Quality.SUSPECT if errors else Quality.GOOD
