"""The battery episode of a UPS that says itself when its battery is low (``battery_low``: LB of a NUT server).

Rules:
1. A device that has once shown the flag is judged by it alone: its voltage stands for cells and a chemistry nobody has
   has named. Until somebody does (``devices`` in event_processor.yaml), it has no ``cell_voltage`` worked out either.
2. LOW at the first frame that says so while the gate is open: the UPS has its own patience, and may have seconds left.
3. RECOVERED when the flag has been gone as long as the low level wants. A frame without the flag holds.
"""

from __future__ import annotations

from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.channels.frame_context import LOW_FLAG, FrameContext, since
from services.event_processor.core.device.keys import LOW
from services.event_processor.core.device.latch import OFF
from services.event_processor.core.rules.sections import Battery

_FLAG = (Evidence(channel=LOW_FLAG, equals=True),)


def find_by_flag(context: FrameContext, name: str, rule: Battery) -> bool:
    """LOW and RECOVERED by the device's own flag; False where it has none, and its voltage is to be judged."""
    if LOW_FLAG not in context.values:
        return LOW_FLAG in context.seen
    target, _ = context.first_evidence(_FLAG, None)
    if target is None:
        return True
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
    return True
