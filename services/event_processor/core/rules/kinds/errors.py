"""Failed polls of a bus."""

from __future__ import annotations

from fnmatch import fnmatchcase

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.rules.kinds.fault import dump_all
from services.event_processor.core.rules.sections import Errors
from shared.messages import ReadError


def find_errors(context: FrameContext, name: str, rule: Errors) -> None:
    """Emit one event for a frame with errors of the bus, whatever its quality and however many chips failed."""
    errors = [error for error in context.frame.errors if _is_of_the_bus(error, rule)]
    if errors:
        data = {"count": len(errors), "errors": dump_all(errors), "quality": context.frame.quality.value}
        context.emit(rule.event, name, data)


def _is_of_the_bus(error: ReadError, rule: Errors) -> bool:
    on_bus = any(fnmatchcase(error.chip, pattern) for pattern in rule.parts)
    return error.channel is None and error.code in rule.codes and on_bus
