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

from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.channels.frame_context import FrameContext, round_channel, since
from services.event_processor.core.device.keys import ON_BATTERY, OUTAGE, STARTED
from services.event_processor.core.device.latch import OFF, Latch, stamp
from services.event_processor.core.rules.sections import Power

DEAD_INPUT_V = 3.0  # below it an input carries nothing, be it 5 V or mains


def find_power(context: FrameContext, name: str, rule: Power) -> None:
    """AC lost, AC restored, and blips."""
    old = context.latches.get(ON_BATTERY)
    was = None if old is None else old.raw
    wish, evidence = context.first_evidence(rule.on_battery, was)
    if wish is None or evidence is None:
        return
    fresh = old is None or (context.frame.boot is not None and context.frame.boot != context.before.boot)
    if wish == was and old is not None and old.pending is None and not fresh:
        if wish:
            _deepen(context)
        return
    old = old or OFF
    if wish:
        _begin(context, fresh)
    if not wish and not old.on:
        context.set_latch(ON_BATTERY, Latch(False, old.began or context.now))
        if old.pending is not None:
            _forget(context)
            context.emit(rule.blip, name, {**_seen_by(context, evidence), **_spell(context, old)})
        return
    new = context.update_latch(ON_BATTERY, wish, rule.lost_after_s, rule.restored_after_s)
    if new.on and rule.started is not None and context.latches.get(STARTED, OFF).on:
        context.drop_latches(STARTED)
        context.emit(rule.started, name, {**_seen_by(context, evidence), "since": since(new)})
    if new.on == old.on:
        return
    told = {**_seen_by(context, evidence), "since": since(new)}
    if new.on:
        context.emit(rule.lost, name, {**told, "cause": context.words.get(OUTAGE), "first_seen": _unseen(old)})
    else:
        context.emit(
            rule.restored, name, {**told, "began": since(old), "outage_s": context.lasted_s(old), **_depth(context)}
        )
        _forget(context)


def on_mains(context: FrameContext) -> bool:
    """Say whether the mains are known to feed the device, without a doubt pending."""
    latch = context.latches.get(ON_BATTERY)
    return latch is not None and not latch.on and latch.began is not None and latch.pending is None


def _begin(context: FrameContext, fresh: bool) -> None:
    if fresh:
        context.set_latch(STARTED, Latch(True, context.now))
    if context.get_numbers(OUTAGE) is None:
        percent, cell_v = context.number("state_of_charge"), context.number("cell_voltage")
        sums = context.number("energy_out"), context.number("charge_out")
        context.set_numbers(OUTAGE, (context.steady_s, percent, percent, cell_v, *sums))
        if (cause := _cause(context)) is not None:
            context.set_word(OUTAGE, cause)
    else:
        _deepen(context)


def _forget(context: FrameContext) -> None:
    context.set_numbers(OUTAGE, ())
    context.drop_latches(STARTED)
    if OUTAGE in context.words:
        context.words = {name: word for name, word in context.words.items() if name != OUTAGE}


def _cause(context: FrameContext) -> str | None:
    """Return what the input looked like when the outage began; None where nobody measures it."""
    input_v = context.number("input_voltage")
    return None if input_v is None else "input_low" if input_v > DEAD_INPUT_V else "input_lost"


def _deepen(context: FrameContext) -> None:
    kept = context.get_numbers(OUTAGE)
    if kept is None:
        return
    percent, cell_v = (
        _lower(kept[2], context.number("state_of_charge")),
        _lower(kept[3], context.number("cell_voltage")),
    )
    if (percent, cell_v) != kept[2:4]:
        context.set_numbers(OUTAGE, (*kept[:2], percent, cell_v, *kept[4:]))


def _lower(held: float | None, now: float | None) -> float | None:
    return held if now is None else now if held is None else min(held, now)


def _depth(context: FrameContext) -> dict[str, Any]:
    """Return how deep the outage went; what nobody measured is None."""
    kept = context.get_numbers(OUTAGE)
    if kept is None:
        return {}
    _, began, lowest, cell_v, energy, charge = kept
    return {
        "cause": context.words.get(OUTAGE),
        "lowest_cell_voltage": None if cell_v is None else round_channel("cell_voltage", cell_v),
        "lowest_charge": None if lowest is None else round_channel("state_of_charge", lowest),
        "depth": None if began is None or lowest is None else round(began - lowest, 1),
        "energy_wh": _more(context.number("energy_out"), energy),
        "charge_ah": _more(context.number("charge_out"), charge),
    }


def _more(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else round(now - before, 4)


def _unseen(latch: Latch) -> bool | None:
    return True if latch.began is None else None


def _seen_by(context: FrameContext, evidence: Evidence) -> dict[str, Any]:
    number = context.rounded(evidence.channel)
    value = context.values[evidence.channel] if number is None else number
    charge = {name: context.rounded(name) for name in ("battery_voltage", "state_of_charge")}
    return {"source": evidence.channel, evidence.channel: value, **charge}


def _spell(context: FrameContext, latch: Latch) -> dict[str, Any]:
    began = latch.pending or context.now
    return {
        "since": stamp(began),
        "lasted_s": context.lasted_s(Latch(True, began)),
        "first_seen": _unseen(latch),
    }
