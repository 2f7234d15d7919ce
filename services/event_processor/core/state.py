"""The state of a device, from its memory and its last frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeVar

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.keys import CHARGING, CRITICAL, DOUBTED, LOW, ON_BATTERY
from services.event_processor.core.device.latch import OFF, Latch
from services.event_processor.core.device.memory import Memory
from services.event_processor.core.rules.compiled import BELIEVED, CompiledRules
from shared.messages import DeviceState, Frame, Quality
from shared.quantities import QUANTITIES
from shared.values import EARLIEST, MOST_MEASURED

POWER: dict[bool | None, Literal["mains", "battery"] | None] = {None: None, False: "mains", True: "battery"}

S = TypeVar("S", bound=DeviceState)
STATE = DeviceState(
    device="-",
    zone=None,
    time=EARLIEST,
    quality=Quality.GOOD,
    power=None,
    battery=None,
    charging=None,
    active=(),
    values={},
    simulated=False,
)


def device_state(compiled: CompiledRules, memory: Memory, frame: Frame, model: S) -> S:
    """Return the confirmed state, as a message of the kind of ``model``; ``quality`` is the last frame's.

    ``values`` are those of the last frame, never older ones, and the channels computed from a believable frame.
    """
    latches = memory.latches
    derived = _derived(compiled, memory, frame)
    on = {name for name, latch in latches.items() if latch.on}
    fields = {
        "device": frame.device,
        "zone": frame.zone or compiled.device_rules(frame.device).device.zone,
        "time": frame.time,
        "quality": frame.quality,
        "power": POWER[latches.get(ON_BATTERY, OFF).known],
        "battery": _battery(memory),
        "charging": latches.get(CHARGING, OFF).known,
        "active": (*[name for name in compiled.shown if name in on], *_doubted(latches)) if on else (),
        "values": frame.values | derived,
        "simulated": frame.simulated,
    }
    return model.revised(**fields)  # frame and rules are validated already, and validation costs most


def state_words(memory: Memory, frame: Frame) -> tuple[tuple[str, str | bool | None], ...]:
    """Return the words and flags of the state, by name, without computing its numbers."""
    latches = memory.latches
    return (
        ("quality", frame.quality),
        ("power", POWER[latches.get(ON_BATTERY, OFF).known]),
        ("battery", _battery(memory)),
        ("charging", latches.get(CHARGING, OFF).known),
    )


def _doubted(latches: Mapping[str, Latch]) -> list[str]:
    """Return ``rule/channel`` of every channel in doubt."""
    return sorted(name for name, latch in latches.items() if "/" in name and latch.on) if DOUBTED in latches else []


def _derived(compiled: CompiledRules, memory: Memory, frame: Frame) -> dict[str, float | str]:
    if frame.quality not in BELIEVED:
        return {}
    context = FrameContext(compiled.device_rules(frame.device).device, compiled.channels, memory, frame)
    found: dict[str, float | str] = {}
    for name, formula in compiled.shown_formulas(tuple(frame.values)):
        value = formula.compute(context)
        if isinstance(value, str):
            found[name] = value
        elif value is not None and -MOST_MEASURED <= value <= MOST_MEASURED:
            quantity = QUANTITIES.get(name)
            found[name] = value if quantity is None else round(value, quantity.decimals)
    return found


def _battery(memory: Memory) -> Literal["ok", "low", "critical"] | None:
    low = memory.latches.get(LOW)
    if low is None:
        return None
    if memory.latches.get(CRITICAL, OFF).on:
        return "critical"
    return "low" if low.on else "ok"
