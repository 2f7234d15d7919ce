"""The battery episode of a UPS that says itself when its battery is low (``battery_low``: LB of a NUT server).

Rules:
1. A device that has once shown the flag is judged by it alone: its voltage stands for cells and a chemistry nobody has
   told us of. Until somebody does (``devices`` in event_processor.yaml), it has no ``cell_voltage`` worked out either.
2. LOW at the first frame that says so while the gate is open: the UPS has its own patience, and may have seconds left.
3. RECOVERED when the flag has been gone as long as the low level wants. A frame without the flag holds.
"""

from __future__ import annotations

from services.event_processor.core.evidence import Evidence
from services.event_processor.core.latch import OFF
from services.event_processor.core.look import Look, since
from services.event_processor.core.rules import Battery

CHANNEL = "battery_low"
LOW = "battery_low"  # the latch, the same as of the voltage's episode
_FLAG = (Evidence(channel=CHANNEL, equals=True),)


def judges_itself(look: Look) -> bool:
    """Say whether the device has ever shown the flag."""
    return CHANNEL in look.values or CHANNEL in look.seen


def find_by_flag(look: Look, name: str, rule: Battery) -> bool:
    """LOW and RECOVERED by the device's own flag; False where it has none, and its voltage is to be judged."""
    wish, _ = look.consider(_FLAG, None)
    if wish is None:
        return CHANNEL in look.seen
    low = look.latches.get(LOW)
    if low is None:
        low = OFF
        look.put(LOW, low)  # from now on the battery is known to be well
    wish = wish and (low.on or look.open(rule.only_while))
    now = look.settle(LOW, wish, 0, look.device.chemistry.low.clear_for_s)
    told = {channel: look.said(channel) for channel in ("state_of_charge", "runtime_left_s", "battery_voltage")}
    if now.on and not low.on:
        look.tell(rule.low, name, {"source": CHANNEL, **told, "since": since(now)})
    if low.on and not now.on:
        look.tell(
            rule.recovered, name, {"source": CHANNEL, **told, "since": since(now), "episode_s": look.lasted_s(low)}
        )
    return True
