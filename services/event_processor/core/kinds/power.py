"""Mains and battery.

confirmed   frame says          what happens
----------  ------------------  -----------------------------------------------------------
unknown     mains               mains, at once and silently
unknown     battery             LOST after the dwell, with first_seen
mains       battery             LOST after the dwell
mains       mains before that   BLIP, once a spell (also where the spell was the first thing seen)
battery     mains               RESTORED after its dwell; shorter spells on mains are passed over
any         nothing             held: no clock runs
"""

from __future__ import annotations

from typing import Any

from services.event_processor.core.latch import OFF, Latch, stamp
from services.event_processor.core.look import Look, since
from services.event_processor.core.rules import Evidence, Power

ON_BATTERY = "on_battery"


def find_power(look: Look, name: str, rule: Power) -> None:
    """AC lost, AC restored, and blips."""
    old = look.latches.get(ON_BATTERY)
    was = None if old is None else old.raw
    wish, evidence = look.consider(rule.on_battery, was)
    if wish is None or evidence is None:
        return
    if wish == was and old is not None and old.pending is None:
        return
    old = old or OFF
    if not wish and not old.on:
        look.put(ON_BATTERY, Latch(False, old.began or look.now))
        if old.pending is not None:
            look.tell(rule.blip, name, {**_seen_by(look, evidence), **_spell(look, old)})
        return
    new = look.settle(ON_BATTERY, wish, rule.lost_after_s, rule.restored_after_s)
    if new.on == old.on:
        return
    told = {**_seen_by(look, evidence), "since": since(new)}
    if new.on:
        look.tell(rule.lost, name, {**told, "first_seen": True if old.began is None else None})
    else:
        look.tell(rule.restored, name, {**told, "outage_s": look.lasted_s(old)})


def on_mains(look: Look) -> bool:
    """Say whether the mains are known to feed the device, without a doubt pending."""
    latch = look.latches.get(ON_BATTERY)
    return latch is not None and not latch.on and latch.began is not None and latch.pending is None


def _seen_by(look: Look, evidence: Evidence) -> dict[str, Any]:
    number = look.said(evidence.channel)
    value = look.values[evidence.channel] if number is None else number
    charge = {name: look.said(name) for name in ("battery_voltage", "state_of_charge")}
    return {"source": evidence.channel, evidence.channel: value, **charge}


def _spell(look: Look, latch: Latch) -> dict[str, Any]:
    began = latch.pending or look.now
    return {
        "since": stamp(began),
        "lasted_s": look.lasted_s(Latch(True, began)),
        "first_seen": True if latch.began is None else None,
    }
