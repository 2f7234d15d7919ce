"""From bytes to a message, with a sentence about what is wrong where there is none."""

from __future__ import annotations

from typing import TypeVar

from pydantic import ValidationError

from shared.messages import Message

M = TypeVar("M", bound=Message)
PLACE_CHARS = 100  # of where in a payload a fault is: the keys there may be a sender's noise
FAULTS_NAMED = 5


class UnreadableError(ValueError):
    """A payload that cannot be read, or whose sender may not send it; names every fault."""


def decode(model: type[M], payload: bytes) -> M:
    """Return ``payload`` as ``model``; raises UnreadableError with field, fault and what was found."""
    try:
        return model.__pydantic_validator__.validate_json(payload)  # type: ignore[no-any-return]  # as it is of the model
    except ValidationError as error:
        parts = []
        for item in error.errors(include_url=False)[:FAULTS_NAMED]:
            place = ".".join(str(step) for step in item["loc"])[:PLACE_CHARS]
            parts.append(f"{place or 'payload'}: {item['msg']} (got {repr(item['input'])[:60]})")
        raise UnreadableError("; ".join(parts)) from None
