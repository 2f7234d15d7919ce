"""A battery's capacity, from the charge drawn and the state of charge lost over the same span.

Rules:
1. A drain begins at the highest state of charge. It ends when that rises by ``RISE_PERCENT``, after a silence, when the
   gauge jumps by more than the battery could lose or gain, or when its current was not measured.
2. It gives one estimate, once it has gone down by ``DEEP_PERCENT``, and a better one with every percent.
3. An impossible figure is no estimate: no charge drawn, or more than ``MOST_OF_SOLD`` times the nameplate.
4. An estimate is uncertain by the gauge's step at both ends, and by the time in which nothing was summed.
5. The newest five estimates are kept. Their median is confirmed when the newest three lie within 10 % of it.
"""

from __future__ import annotations

from statistics import median
from typing import NamedTuple

from services.event_processor.core.device.memory import Numbers

DEEP_PERCENT, RISE_PERCENT = 40.0, 2.0
JUMP_PERCENT, PERCENT_A_SECOND = 3.0, 100 / 600  # a step of any gauge; empty in ten minutes, 6 C
MISSED = 0.02  # of the time, at most, may be without a sum
MOST_OF_SOLD = 1.3
STILL_PERCENT = 0.5  # a smaller change within what a drain has covered is not remembered
KEPT, AGREEING, AGREE_WITHIN = 5, 3, 0.1


class Drain(NamedTuple):
    """Percent and Ah at its beginning, the lowest percent used, the last percent; its beginning (steady clock) in s.

    ``missed_s``: s that were not summed. ``estimated``: 1 once it has given an estimate.
    """

    high: float
    drawn_ah: float
    low: float
    last: float
    began_s: float = 0.0
    missed_s: float = 0.0
    estimated: float = 0.0


class DrainStep(NamedTuple):
    """One frame: state of charge, charge drawn so far, the steady clock, time since the last frame."""

    percent: float
    drawn_ah: float
    steady_s: float
    elapsed_s: float
    summed: bool
    silent: bool


class Estimate(NamedTuple):
    """A capacity and its uncertainty, mAh."""

    mah: float
    uncertain_mah: float


def read_drain(numbers: Numbers | None) -> Drain | None:
    """Return the remembered drain; None without one, or for one of an earlier version, which had no gaps."""
    if isinstance(numbers, Drain):
        return numbers
    return Drain(*numbers) if numbers is not None and len(numbers) == len(Drain._fields) else None  # type: ignore[arg-type]  # as Drain wrote them


def follow(drain: Drain | None, step: DrainStep) -> Drain:
    """Return the drain after one more frame; the same object where nothing changes."""
    percent, drawn, steady_s, elapsed_s, summed, silent = step
    if drain is None:
        return Drain(percent, drawn, percent, percent, steady_s)
    high, drawn_ah, low, _, began_s, missed_s, estimated = drain
    if summed and not silent and is_still(drain, percent):
        return drain
    if _breaks(drain, step):
        return Drain(percent, drawn, percent, percent, steady_s)
    missed_s = missed_s if summed else missed_s + elapsed_s
    return Drain(high, drawn_ah, percent if percent <= low - 1 else low, percent, began_s, missed_s, estimated)


def is_still(drain: Drain, percent: float) -> bool:
    """Whether a state of charge changes nothing of a drain, provided that nothing was missed before it."""
    return drain.low - 1 < percent <= drain.high and -STILL_PERCENT < percent - drain.last < STILL_PERCENT


def _breaks(drain: Drain, step: DrainStep) -> bool:
    change = abs(step.percent - drain.last)
    return (
        step.silent
        or step.percent > drain.high
        or step.percent >= drain.low + RISE_PERCENT
        or change > JUMP_PERCENT + PERCENT_A_SECOND * step.elapsed_s
    )


def estimate(
    drain: Drain, drawn_ah: float, steady_s: float, sold_mah: float | None, step_percent: float
) -> Estimate | None:
    """Return the drain's estimate of the capacity; None by rules 2 and 3, or if too much time was not summed."""
    depth, lasted_s = drain.high - drain.low, steady_s - drain.began_s
    if depth < DEEP_PERCENT or drain.low != drain.last or drain.missed_s > MISSED * lasted_s:
        return None
    mah = (drawn_ah - drain.drawn_ah) / depth * 100_000
    if mah <= 0 or (sold_mah is not None and mah > MOST_OF_SOLD * sold_mah):
        return None
    share = 2 * step_percent / depth + (drain.missed_s / lasted_s if lasted_s else 0.0)
    return Estimate(round(mah, 1), round(mah * share, 1))


def add(kept: Numbers | None, new: Estimate, again: bool) -> Numbers:
    """Return the estimates with a new one; ``again``: it replaces the last, which came from the same drain."""
    pairs = list(read_estimates(kept))
    return tuple(number for pair in [*(pairs[:-1] if again else pairs), new][-KEPT:] for number in pair)


def read_estimates(kept: Numbers | None) -> tuple[Estimate, ...]:
    """Return the remembered estimates; an earlier version's single number has no uncertainty, and is ignored."""
    if kept is None or len(kept) % 2:
        return ()
    return tuple(Estimate(mah or 0.0, uncertain or 0.0) for mah, uncertain in zip(kept[::2], kept[1::2], strict=True))


def seen(estimates: tuple[Estimate, ...]) -> Estimate | None:
    """Return the median estimate; its uncertainty covers that of the estimates and their spread."""
    if not estimates:
        return None
    middle = median(each.mah for each in estimates)
    spread = median(abs(each.mah - middle) for each in estimates)
    return Estimate(middle, max(spread, median(each.uncertain_mah for each in estimates)))


def confirmed(estimates: tuple[Estimate, ...]) -> float | None:
    """Return the capacity on which the newest three estimates agree, mAh."""
    newest = [each.mah for each in estimates[-AGREEING:]]
    middle = median(newest) if newest else 0.0
    agree = len(newest) == AGREEING and all(abs(mah - middle) <= AGREE_WITHIN * middle for mah in newest)
    return middle if agree else None
