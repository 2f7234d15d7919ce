"""Rates: how fast a channel changes.

Rules:
1. The slope runs from the oldest sample of the window to the present frame, per minute. It is unknown until the samples
   span half the window.
2. A window keeps at most twelve samples, each at least a tenth of it after the one before: memory has a bound.
3. Samples are kept by the device's steady clock: no step of the wall clock makes a slope.
"""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.memory import Numbers
from services.event_processor.core.rules.detections import Rate
from services.event_processor.core.rules.kinds.level import emit_threshold

PARTS, MOST = 10, 12


def find_rate(context: FrameContext, name: str, rule: Rate) -> None:
    """Emit the rule's event when the channel changes faster than its level, and its clearing event."""
    value = context.number(rule.channel)
    if value is None:
        return
    samples = context.get_numbers(name) or ()
    slope = _slope(samples, context.steady_s, value, rule.window_s)
    kept = _keep(samples, context.steady_s, value, rule.window_s)
    if kept != samples:
        context.set_numbers(name, kept)
    emit_threshold(context, name, rule, slope, "/min")


def _slope(samples: Numbers, now_s: float, value: float, window_s: float) -> float | None:
    for at_s, held in zip(samples[::2], samples[1::2], strict=True):
        if at_s is None or held is None or now_s - at_s > window_s:
            continue
        return (value - held) / (now_s - at_s) * 60 if now_s - at_s >= window_s / 2 else None
    return None


def _keep(samples: Numbers, now_s: float, value: float, window_s: float) -> Numbers:
    pairs = list(zip(samples[::2], samples[1::2], strict=True))
    if pairs and now_s - (pairs[-1][0] or 0.0) < window_s / PARTS:
        return samples
    young = [pair for pair in pairs if now_s - (pair[0] or 0.0) <= window_s]
    return tuple(number for pair in [*young, (now_s, value)][-MOST:] for number in pair)
