"""The command ``cut_power``: whether a device may be ordered to cut its power, and the order.

Rules:
1. Only a device that allows it in the settings, and whose board has a register for it.
2. The cut comes when it was asked for or later, never before: the host needs that time to go down. A board that can
   only be faster refuses.
3. An order must say how long it holds (``expires``), at most ``HOLDS``. A machine that has just booted, or does not
   know the time yet, refuses: what it hears may be the order of the boot before, and it would be cut for ever anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from services.sensor_reader.core.bus.chip_io import ChipAddress, Waits, fetch_block
from services.sensor_reader.core.bus.interleave import Pause, interleave
from services.sensor_reader.core.chips.power_cut import PowerCut, RegisterWrite
from services.sensor_reader.core.polling.device import ChipPart, Device
from services.sensor_reader.core.ports import BusError, Instant, PortError, Ports
from shared.messages import Name
from shared.requests import Command

HOLDS = timedelta(minutes=10)
YOUNG_S = 120.0


class CutError(Exception):
    """The power is not cut; the text is the reason, for a person."""


class CutPowerData(BaseModel):
    """What the command says: which device, and in how many seconds at the earliest."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    device: Name
    after_s: Annotated[int, Field(ge=1, le=3600)]


@dataclass(frozen=True, slots=True)
class PowerSwitch:
    """A part of a device that can cut the power, and how."""

    part: ChipPart
    cut: PowerCut


def check_command(command: Command, instant: Instant) -> CutPowerData:
    """Return what is wanted; raises CutError for what may be an old order, ValidationError for a mistyped one."""
    order = CutPowerData.model_validate(command.data)
    if command.expires is None:
        raise CutError("say expires: an order that is found again after a reboot must not cut the power anew")
    if command.expires - instant.time > HOLDS:
        raise CutError(f"expires is more than {HOLDS // timedelta(minutes=1)} minutes away; an order to cut is for now")
    if instant.clock == "unset":
        raise CutError("this machine does not know the time yet, and so not whether the order is an old one")
    if instant.uptime_s < YOUNG_S:
        raise CutError(f"this machine booted {instant.uptime_s:.0f} s ago; orders count from {YOUNG_S:.0f} s on")
    return order


def cut_power(device: Device, after_s: int, ports: Ports, pause: Pause) -> Mapping[str, Any]:
    """Order the device's board to cut the power, and return what it will do; raises CutError."""
    switch = _switch(device)
    delay_s = switch.cut.delay_s(after_s)
    if delay_s is None:
        most = f"{switch.part.name} takes {switch.cut.span}"
        raise CutError(f"{device.name}: {most}, and would cut before the {after_s} s asked for are over")
    failure = PortError("bus", "not tried")
    for _ in range(device.retries.attempts):
        try:
            interleave([_ordered(switch, delay_s, ports)], pause)
        except PortError as error:
            failure = error
            pause(device.retries.gap_s)
        else:
            return {"device": device.name, "chip": switch.part.name, "after_s": delay_s, "final": switch.cut.final}
    failed = f"{device.name}: {switch.part.name} has not taken the order, as far as can be seen: {failure.detail}"
    raise CutError(f"{failed}; it may count down all the same")


def _switch(device: Device) -> PowerSwitch:
    if not device.allow_power_cut:
        raise CutError(f"{device.name} does not allow it; set allow_power_cut: true in sensor_reader.yaml if it should")
    for part in device.parts:
        if isinstance(part, ChipPart) and part.chip.power_cut is not None:
            return PowerSwitch(part, part.chip.power_cut)
    parts = ", ".join(part.name for part in device.parts)
    raise CutError(f"{device.name}: none of its parts ({parts}) has a register that cuts the power")


def _ordered(switch: PowerSwitch, delay_s: int, ports: Ports) -> Waits[None]:
    at = ChipAddress(ports.buses[switch.part.bus], switch.part.address)
    try:
        for step in switch.cut.steps:
            yield from _written(step, at, delay_s)
    finally:
        for step in switch.cut.after:
            yield from _written(step, at, delay_s)


def _written(step: RegisterWrite, at: ChipAddress, delay_s: int) -> Waits[None]:
    held = 0
    if step.mask != 0xFF:
        held = step.register.word((yield from fetch_block(at, step.register.block)))
    word = step.word(held, delay_s)
    at.bus.write(at.address, step.wire(at.address, word))
    if step.shows:
        found = step.register.word((yield from fetch_block(at, step.register.block)))
        if not step.fits(found, word):
            detail = f"{step.register.name} reads {found:#04x} after {word:#04x} was written"
            raise BusError("bus", at.address, detail)
