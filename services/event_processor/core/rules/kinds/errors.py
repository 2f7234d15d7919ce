"""Failed polls."""

from __future__ import annotations

from services.event_processor.core.channels.frame_context import FrameContext
from services.event_processor.core.rules.sections import Errors


def find_errors(context: FrameContext, name: str, rule: Errors) -> None:
    """One event for a frame with errors, whatever its quality and however many chips failed."""
    errors = [error for error in context.frame.errors if error.code not in rule.except_codes]
    if errors:
        told = [error.model_dump() for error in errors]
        context.emit(rule.event, name, {"count": len(errors), "errors": told, "quality": context.frame.quality.value})
