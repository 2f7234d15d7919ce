"""Faults: the quality and the errors of frames.

Rules:
1. An error that names a channel concerns that channel alone: each has a latch of its own, ``rule/channel``, and is
   reported once when it begins and once when it ends.
2. A channel's fault ends when believable frames have no error of it.
3. The frame's quality, or an error of a part, concerns the device.
"""

from __future__ import annotations

from collections.abc import Sequence

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.device.keys import DOUBTED
from services.event_processor.core.device.latch import Latch
from services.event_processor.core.rules.detections import Fault
from services.event_processor.core.rules.kinds.condition import turn_latch
from shared.messages import Quality, ReadError

MOST_CHANNELS = 64  # channels of one device with a latch
MOST_ERRORS = 64  # errors of one frame that an event lists


def find_fault(context: FrameContext, name: str, rule: Fault) -> None:
    """Emit the rule's event and its end, for the device and for each channel that an error names."""
    frame = context.frame
    named = [error for error in frame.errors if error.code in rule.codes]
    of_parts = [error for error in named if error.channel is None]
    data = {"quality": frame.quality.value, "errors": dump_all(of_parts) or None}
    turn_latch(context, name, rule, bool(of_parts) or frame.quality in rule.quality, data)
    _drop_idle(context, name)
    if len(of_parts) < len(named) or DOUBTED in context.latches:
        _follow_channels(context, name, rule, {error.channel: error for error in named if error.channel})


def dump_all(errors: Sequence[ReadError]) -> list[dict[str, str]]:
    """Return the first ``MOST_ERRORS`` errors as an event's data."""
    return [error.model_dump(exclude_none=True) for error in errors[:MOST_ERRORS]]


def _follow_channels(context: FrameContext, name: str, rule: Fault, named: dict[str, ReadError]) -> None:
    latched = [key.partition("/")[2] for key in context.latches if key.startswith(f"{name}/")]
    believed = context.frame.quality in (Quality.GOOD, Quality.SUSPECT)
    for channel in dict.fromkeys([*latched, *list(named)[: MOST_CHANNELS - len(latched)]]):
        error = named.get(channel)
        if error is None and not believed:
            continue
        data = {
            "channel": channel,
            "quality": context.frame.quality.value,
            "errors": dump_all([error]) if error else None,
        }
        turn_latch(context, f"{name}/{channel}", rule, error is not None, data)
        _drop_idle(context, f"{name}/{channel}")
    _mark(context)


def _mark(context: FrameContext) -> None:
    """Keep the mark that makes clean frames feed this rule while channels are in doubt."""
    if any("/" in key for key in context.latches):
        if DOUBTED not in context.latches:
            context.set_latch(DOUBTED, Latch(True))
    else:
        context.drop_latches(DOUBTED)


def _drop_idle(context: FrameContext, name: str) -> None:
    """Drop a latch that is off without a dwell, so that clean frames need not feed the rule."""
    left = context.latches.get(name)
    if left is not None and not left.raw and not left.on:
        context.drop_latches(name)
