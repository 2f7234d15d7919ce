"""What is known now of a device, from its memory and its last frame."""

from __future__ import annotations

from typing import Literal

from services.event_processor.core.formulas import available
from services.event_processor.core.kinds.battery import CRITICAL, LOW
from services.event_processor.core.kinds.charging import CHARGING
from services.event_processor.core.kinds.power import ON_BATTERY
from services.event_processor.core.latch import OFF
from services.event_processor.core.look import Look, rounded
from services.event_processor.core.memory import Memory
from services.event_processor.core.program import BELIEVED, Program
from shared.messages import DeviceState, Frame

POWER: dict[bool | None, Literal["mains", "battery"] | None] = {None: None, False: "mains", True: "battery"}


def device_state(program: Program, memory: Memory, frame: Frame) -> DeviceState:
    """Return the confirmed state; ``quality`` is the last frame's.

    ``values`` are the last frame's, never older, and what is worked out of them where they may be believed.
    """
    latches = memory.latches
    return DeviceState(
        device=frame.device,
        zone=frame.zone or program.plan(frame.device).device.zone,
        time=frame.time,
        quality=frame.quality,
        power=POWER[latches.get(ON_BATTERY, OFF).known],
        battery=_battery(memory),
        charging=latches.get(CHARGING, OFF).known,
        active=tuple(name for name in program.shown if latches.get(name, OFF).on),
        values=frame.values | _derived(program, memory, frame),
    )


def _derived(program: Program, memory: Memory, frame: Frame) -> dict[str, float]:
    if frame.quality not in BELIEVED:
        return {}
    look = Look(program.plan(frame.device).device, program.known, memory, frame)
    told = available(frozenset(frame.values), program.known.formulas)
    found: dict[str, float] = {}
    for name, formula in program.known.formulas.items():
        value = formula.compute(look) if formula.shown and name in told and name not in frame.values else None
        if value is not None:
            found[name] = rounded(name, value)
    return found


def _battery(memory: Memory) -> Literal["ok", "low", "critical"] | None:
    low = memory.latches.get(LOW)
    if low is None:
        return None
    if memory.latches.get(CRITICAL, OFF).on:
        return "critical"
    return "low" if low.on else "ok"
