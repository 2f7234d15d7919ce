"""A start after a run without a clean stop: the machine lost its power, and could not report it then."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.rules.sections import UncleanShutdown

BACKFILLED = "backfilled"  # in an event's data: it happened before, so its triggers are not published


CAUSE = "unclean"  # part of the ids of its events since the first version


def find_unclean_shutdown(context: FrameContext, _: str, rule: UncleanShutdown) -> None:
    """Emit UNCLEAN_SHUTDOWN, with the loss of output power that caused it and its end."""
    if context.values.get("lifecycle") != "started" or context.values.get("clean") is not False:
        return
    data = {key: context.values.get(key) for key in ("boot_id", "power_fault")}
    context.emit(rule.event, CAUSE, data)
    if rule.lost is not None:
        context.emit(rule.lost, CAUSE, {"because": "unclean_shutdown", BACKFILLED: True, **data})
    if rule.restored is not None:
        context.emit(rule.restored, CAUSE, {"because": "unclean_shutdown", BACKFILLED: True})
