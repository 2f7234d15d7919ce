"""The base of the models of event_processor's configuration."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.topics import NAME

Seconds = Annotated[float, Field(ge=0)]


def _speakable(key: str) -> str:
    if not NAME.match(key):
        raise ValueError("a name may hold only letters, digits, _ . and -, at most 128 of them")
    return key


Key = Annotated[str, AfterValidator(_speakable)]  # a Name, as the key of a mapping


# For what rules read on every frame: pydantic dataclasses with slots, which are read four times as fast as models.
SLOTTED = ConfigDict(extra="forbid", allow_inf_nan=False, defer_build=True)


class Data(BaseModel):
    """Base of the configuration's models: frozen, and an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)
