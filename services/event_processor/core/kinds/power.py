"""Mains and battery.

confirmed   frame says          what happens
----------  ------------------  -----------------------------------------------------------
unknown     mains               mains, at once and silently
unknown     battery             LOST after the dwell, with first_seen
mains       battery             LOST after the dwell
mains       mains before that   BLIP, once a spell (also where the spell was the first thing seen)
battery     mains               RESTORED after its dwell; shorter spells on mains are passed over
any         nothing             held: no clock runs

A device whose first frame of a boot says battery, and which stays there for the dwell, has STARTED on battery too.
From its first frame on battery an outage remembers how deep it went; RESTORED tells that.
"""

from __future__ import annotations

from typing import Any

from services.event_processor.core.evidence import Evidence
from services.event_processor.core.latch import OFF, Latch, stamp
from services.event_processor.core.look import Look, rounded, since
from services.event_processor.core.rules import Power

ON_BATTERY = "on_battery"
STARTED = "started_on_battery"
OUTAGE = "outage"
DEAD_INPUT_V = 3.0  # below it an input carries nothing, be it 5 V or mains


def find_power(look: Look, name: str, rule: Power) -> None:
    """AC lost, AC restored, and blips."""
    old = look.latches.get(ON_BATTERY)
    was = None if old is None else old.raw
    wish, evidence = look.consider(rule.on_battery, was)
    if wish is None or evidence is None:
        return
    fresh = old is None or (look.frame.boot is not None and look.frame.boot != look.before.boot)
    if wish == was and old is not None and old.pending is None and not fresh:
        if wish:
            _deepen(look)
        return
    old = old or OFF
    if wish:
        _begin(look, fresh)
    if not wish and not old.on:
        look.put(ON_BATTERY, Latch(False, old.began or look.now))
        if old.pending is not None:
            _forget(look)
            look.tell(rule.blip, name, {**_seen_by(look, evidence), **_spell(look, old)})
        return
    new = look.settle(ON_BATTERY, wish, rule.lost_after_s, rule.restored_after_s)
    if new.on and rule.started is not None and look.latches.get(STARTED, OFF).on:
        look.drop(STARTED)
        look.tell(rule.started, name, {**_seen_by(look, evidence), "since": since(new)})
    if new.on == old.on:
        return
    told = {**_seen_by(look, evidence), "since": since(new)}
    if new.on:
        look.tell(rule.lost, name, {**told, "cause": look.words.get(OUTAGE), "first_seen": _unseen(old)})
    else:
        look.tell(rule.restored, name, {**told, "began": since(old), "outage_s": look.lasted_s(old), **_depth(look)})
        _forget(look)


def on_mains(look: Look) -> bool:
    """Say whether the mains are known to feed the device, without a doubt pending."""
    latch = look.latches.get(ON_BATTERY)
    return latch is not None and not latch.on and latch.began is not None and latch.pending is None


def outage_began(look: Look) -> tuple[float, float | None] | None:
    """Return when the present outage began, on the device's steady clock, and the state of charge then."""
    kept = look.noted(OUTAGE)
    return None if kept is None or kept[0] is None else (kept[0], kept[1])


def _begin(look: Look, fresh: bool) -> None:
    if fresh:
        look.put(STARTED, Latch(True, look.now))
    if look.noted(OUTAGE) is None:
        percent, cell_v = look.number("state_of_charge"), look.number("cell_voltage")
        sums = look.number("energy_out"), look.number("charge_out")
        look.note(OUTAGE, (look.steady_s, percent, percent, cell_v, *sums))
        if (cause := _cause(look)) is not None:
            look.say(OUTAGE, cause)
    else:
        _deepen(look)


def _forget(look: Look) -> None:
    look.note(OUTAGE, ())
    look.drop(STARTED)
    if OUTAGE in look.words:
        look.words = {name: word for name, word in look.words.items() if name != OUTAGE}


def _cause(look: Look) -> str | None:
    """Return what the input looked like when the outage began; None where nobody measures it."""
    input_v = look.number("input_voltage")
    return None if input_v is None else "input_low" if input_v > DEAD_INPUT_V else "input_lost"


def _deepen(look: Look) -> None:
    kept = look.noted(OUTAGE)
    if kept is None:
        return
    percent, cell_v = _lower(kept[2], look.number("state_of_charge")), _lower(kept[3], look.number("cell_voltage"))
    if (percent, cell_v) != kept[2:4]:
        look.note(OUTAGE, (*kept[:2], percent, cell_v, *kept[4:]))


def _lower(held: float | None, now: float | None) -> float | None:
    return held if now is None else now if held is None else min(held, now)


def _depth(look: Look) -> dict[str, Any]:
    """Return how deep the outage went; what nobody measured is None."""
    kept = look.noted(OUTAGE)
    if kept is None:
        return {}
    _, began, lowest, cell_v, energy, charge = kept
    return {
        "cause": look.words.get(OUTAGE),
        "lowest_cell_voltage": None if cell_v is None else rounded("cell_voltage", cell_v),
        "lowest_charge": None if lowest is None else rounded("state_of_charge", lowest),
        "depth": None if began is None or lowest is None else round(began - lowest, 1),
        "energy_wh": _more(look.number("energy_out"), energy),
        "charge_ah": _more(look.number("charge_out"), charge),
    }


def _more(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else round(now - before, 4)


def _unseen(latch: Latch) -> bool | None:
    return True if latch.began is None else None


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
        "first_seen": _unseen(latch),
    }
