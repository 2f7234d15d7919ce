"""A start after a run that never ended: the machine lost its power, and could not tell then."""

from __future__ import annotations

from services.event_processor.core.look import Look
from services.event_processor.core.rules import Unclean

BACKFILLED = "backfilled"  # in an event's data: it happened before, its triggers are no longer to be pulled


def find_unclean(look: Look, name: str, rule: Unclean) -> None:
    """UNCLEAN_SHUTDOWN, and the loss of the output that must have been, with its end: the machine runs again."""
    if look.values.get("lifecycle") != "started" or look.values.get("clean") is not False:
        return
    told = {key: look.values.get(key) for key in ("boot_id", "power_fault")}
    look.tell(rule.event, name, told)
    if rule.lost is not None:
        look.tell(rule.lost, name, {"because": "unclean_shutdown", BACKFILLED: True, **told})
    if rule.restored is not None:
        look.tell(rule.restored, name, {"because": "unclean_shutdown", BACKFILLED: True})
