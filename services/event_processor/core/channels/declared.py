"""Channels that a site declares in ``config/event_processor.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.event_processor.core.schema import Data, Key


class Derived(Data):
    """A channel worked out of others of the same frame; ``difference`` is the first less the rest, so is ``ratio``."""

    op: Literal["sum", "difference", "product", "ratio", "mean", "lowest", "highest"]
    of: Annotated[tuple[Key, ...], Field(min_length=2)]
    unit: str = ""
    decimals: Annotated[int, Field(ge=0, le=9)] = 3


class Channel(Data):
    """A channel that the registry does not know: its unit and the decimals worth showing."""

    unit: str = ""
    decimals: Annotated[int, Field(ge=0, le=9)] = 3
