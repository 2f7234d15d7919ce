"""Failed polls."""

from __future__ import annotations

from services.event_processor.core.look import Look
from services.event_processor.core.rules import Errors


def find_errors(look: Look, name: str, rule: Errors) -> None:
    """One event for a frame with errors, whatever its quality and however many chips failed."""
    errors = [error for error in look.frame.errors if error.code not in rule.except_codes]
    if errors:
        told = [error.model_dump() for error in errors]
        look.tell(rule.event, name, {"count": len(errors), "errors": told, "quality": look.frame.quality.value})
