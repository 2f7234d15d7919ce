"""The battery episode of a UPS that reports a low battery itself (``battery_low``: LB of a NUT server).

Rules:
1. A device that has once shown the flag is judged by it alone, because its cells and chemistry are unknown. Unless
   ``devices`` in event_processor.yaml names them, it has no computed ``cell_voltage`` either.
2. LOW comes with the first frame that shows the flag while the gate is open, without a dwell: the UPS has its own, and
   may have only seconds left.
3. RECOVERED comes when the flag has been off for the low level's ``clear_for_s``. A frame without the flag changes
   nothing.
"""

from __future__ import annotations

from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.channels.frame_context import LOW_FLAG, FrameContext, since
from services.event_processor.core.device.keys import LOW
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.rules.sections import Battery

_FLAG = (Evidence(channel=LOW_FLAG, equals=True),)


def find_by_flag(context: FrameContext, name: str, rule: Battery) -> None:
    """Emit LOW and RECOVERED by the device's own flag."""
    target, _ = context.first_evidence(_FLAG, None)
    if target is None:
        return
    low = context.latches.get(LOW)
    if low is None:
        low = OFF
        context.set_latch(LOW, low)  # from now on the battery is known to be well
    target = target and (low.on or context.gate_open(rule.only_while))
    now = context.update_latch(LOW, target, 0, context.device.chemistry.low.clear_for_s)
    data = {channel: context.rounded(channel) for channel in ("state_of_charge", "runtime_left_s", "battery_voltage")}
    if now.on != low.on:
        context.set_end(LOW, rule.recovered if now.on else None)
    if now.on and not low.on:
        context.emit(rule.low, name, {"source": LOW_FLAG, **data, "since": since(now)})
    if low.on and not now.on:
        context.emit(
            rule.recovered,
            name,
            {"source": LOW_FLAG, **data, "since": since(now), "episode_s": context.lasted_s(low, now)},
        )
