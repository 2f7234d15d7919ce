"""Mains and battery.

confirmed   frame shows         what happens
----------  ------------------  -----------------------------------------------------------
unknown     mains               mains, at once and silently
unknown     battery             LOST after the dwell, with first_seen
mains       battery             LOST after the dwell
mains       mains before that   BLIP, once a spell (also where the spell was the first thing seen)
battery     mains               RESTORED after its dwell; shorter spells on mains are passed over
any         nothing             held: no dwell runs

A spell that ends before the dwell is a BLIP only where frames were close enough to know that it was short: no gap
around it or in it is longer than the dwell. Otherwise mains power may have been lost for all of that time. It is then
LOST afterwards: counted, with bounds on its length, and without triggers, because mains power is back.

An outage lasts from its first frame on battery to its first one on mains. Its lowest figures are remembered from the
first frame on, and RESTORED reports them. A device that is on battery in the first frame of a boot, and stays so for
the dwell, has STARTED on battery too.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from services.event_processor.core.channels.evidence import Evidence
from services.event_processor.core.channels.frame_context import FrameContext, round_channel, since
from services.event_processor.core.device.keys import ON_BATTERY, OUTAGE, STARTED
from services.event_processor.core.device.latch import OFF, Latch, shifted, stamp
from services.event_processor.core.device.memory import LONGEST_GAP_S
from services.event_processor.core.device.outage import Outage, read_outage
from services.event_processor.core.rules.kinds.unclean_shutdown import BACKFILLED
from services.event_processor.core.rules.sections import Power

DEAD_INPUT_V = 3.0  # below this an input is dead, whether it is 5 V or mains


def find_power(context: FrameContext, name: str, rule: Power) -> None:
    """Emit LOST, RESTORED, BLIP and STARTED."""
    old = context.latches.get(ON_BATTERY)
    was = None if old is None else old.raw
    target, evidence = context.first_evidence(rule.on_battery, was)
    if target is None or evidence is None:
        return
    fresh = old is None or (context.frame.boot is not None and context.frame.boot != context.before.boot)
    if target == was and old is not None and old.pending is None and not fresh:
        if target:
            _deepen(context)
        return
    old = old or OFF
    outage = _follow(context, target, fresh)
    if not target and not old.on:
        if old.pending is not None and outage is not None:
            _end_spell(context, name, rule, old, outage, evidence)
        else:
            context.set_latch(ON_BATTERY, Latch(False, old.began or context.now))
        return
    new = context.update_latch(ON_BATTERY, target, rule.lost_after_s, rule.restored_after_s)
    if new.on != old.on:
        new = _begun(context, new, outage)
    if new.on and rule.started is not None and context.latches.get(STARTED, OFF).on:
        context.drop_latches(STARTED)
        context.emit(rule.started, name, {**_seen_by(context, evidence), "since": since(new)})
    if new.on == old.on:
        return
    data = {**_seen_by(context, evidence), "since": since(new)}
    context.set_end(ON_BATTERY, rule.restored if new.on else None)
    if new.on:
        context.emit(rule.lost, name, {**data, "cause": context.words.get(OUTAGE), "first_seen": _unseen(old)})
    else:
        length = {"began": since(old), "outage_s": context.lasted_s(old, new)}
        context.emit(
            rule.restored, name, {**data, **length, **_bounds(context, rule, outage), **_depth(context, outage)}
        )
        _forget(context)


def _end_spell(context: FrameContext, name: str, rule: Power, old: Latch, outage: Outage, evidence: Evidence) -> None:
    """Emit a spell that ended before its dwell as a blip, or as an outage with bounds."""
    spell = {
        "since": stamp(_at(context, outage.began_s)),
        "lasted_s": outage.lasted_s(context.steady_s),
        "first_seen": _unseen(old),
    }
    if not outage.loose(rule.lost_after_s):
        context.set_latch(ON_BATTERY, Latch(False, old.began or context.now))
        _forget(context)
        context.emit(rule.blip, name, {**_seen_by(context, evidence), **spell})
        return
    context.drop_latches(STARTED)
    context.set_latch(ON_BATTERY, Latch(True, _at(context, outage.began_s), context.now))
    context.set_end(ON_BATTERY, rule.restored)
    cause = {"cause": context.words.get(OUTAGE), BACKFILLED: True}
    context.emit(rule.lost, name, {**_seen_by(context, evidence), **spell, **_bounds(context, rule, outage), **cause})


def _begun(context: FrameContext, new: Latch, outage: Outage | None) -> Latch:
    """Return the latch as of the outage's first frame: a silence restarts the dwell, but not the outage."""
    seen_s = None if outage is None else outage.began_s if new.on else outage.ended_s
    if seen_s is None or new.began is None or (new.began - _at(context, seen_s)).total_seconds() < LONGEST_GAP_S:
        return new
    began = Latch(new.on, _at(context, seen_s))
    context.set_latch(ON_BATTERY, began)
    return began


def _at(context: FrameContext, steady_s: float) -> datetime:
    """Return a time of the device's steady clock as a time of the present wall clock."""
    return shifted(context.now, round(steady_s - context.steady_s, 6))


def _bounds(context: FrameContext, rule: Power, outage: Outage | None) -> dict[str, float | None]:
    """Return the bounds on an outage's length, s; empty where frames were close enough to know it."""
    if outage is None or not outage.loose(rule.lost_after_s):
        return {}
    least, most = outage.bounds_s(context.steady_s)
    return {"at_least": least, "at_most": most}


def on_mains(context: FrameContext) -> bool:
    """Whether the device is confirmed to run on mains, without a change pending."""
    latch = context.latches.get(ON_BATTERY)
    return latch is not None and not latch.on and latch.began is not None and latch.pending is None


def _follow(context: FrameContext, target: bool, fresh: bool) -> Outage | None:
    """Update the remembered outage with this frame; return it, None without one."""
    kept = read_outage(context.get_numbers(OUTAGE))
    if target and fresh:
        context.set_latch(STARTED, Latch(True, context.now))
    if kept is None:
        return _begin(context) if target else None
    if target:
        return _deepen(context)
    if kept.ended_s is None:
        kept = kept._replace(ended_s=context.steady_s, gap_after_s=context.gap_s)
        context.set_numbers(OUTAGE, kept)
    return kept


def _begin(context: FrameContext) -> Outage:
    percent, cell_v = context.number("state_of_charge"), context.number("cell_voltage")
    sums = context.number("energy_out"), context.number("charge_out")
    gap_s = None if context.before.time is None else context.gap_s
    outage = Outage(context.steady_s, percent, percent, cell_v, *sums, gap_s)
    context.set_numbers(OUTAGE, outage)
    if (cause := _cause(context)) is not None:
        context.set_word(OUTAGE, cause)
    return outage


def _forget(context: FrameContext) -> None:
    context.set_numbers(OUTAGE, ())
    context.drop_latches(STARTED)
    if OUTAGE in context.words:
        context.words = {name: word for name, word in context.words.items() if name != OUTAGE}


def _cause(context: FrameContext) -> str | None:
    """Return the state of the input when the outage began; None where it is not measured."""
    input_v = context.number("input_voltage")
    return None if input_v is None else "input_low" if input_v > DEAD_INPUT_V else "input_lost"


def _deepen(context: FrameContext) -> Outage | None:
    """Return the outage with its lowest figures and its silences, this frame included; None without one."""
    kept = read_outage(context.numbers.get(OUTAGE))
    if kept is None:
        return None
    began_s, first, lowest, lowest_v, energy, charge, gap_before_s, silent_s, ended_s, _ = kept
    percent, cell_v = context.number("state_of_charge"), context.number("cell_voltage")
    if percent is None or (lowest is not None and lowest <= percent):
        percent = lowest
    if cell_v is None or (lowest_v is not None and lowest_v <= cell_v):
        cell_v = lowest_v
    if percent == lowest and cell_v == lowest_v and ended_s is None and not context.silent:
        return kept  # no deeper than before
    silent_s += context.gap_s if context.silent else 0.0
    after = Outage(began_s, first, percent, cell_v, energy, charge, gap_before_s, silent_s)
    context.set_numbers(OUTAGE, after)
    return after


def _depth(context: FrameContext, outage: Outage | None) -> dict[str, Any]:
    """Return the lowest figures of the outage; None where they were not measured."""
    if outage is None:
        return {}
    first, lowest, cell_v = outage.percent, outage.lowest_percent, outage.lowest_cell_v
    return {
        "cause": context.words.get(OUTAGE),
        "lowest_cell_voltage": None if cell_v is None else round_channel("cell_voltage", cell_v),
        "lowest_charge": None if lowest is None else round_channel("state_of_charge", lowest),
        "depth": None if first is None or lowest is None else round(first - lowest, 1),
        "energy_wh": _more(context.number("energy_out"), outage.energy_wh),
        "charge_ah": _more(context.number("charge_out"), outage.charge_ah),
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
