"""Channels that a site declares in ``config/event_processor.yaml``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from services.event_processor.core.schema import Data, Key


class Derived(Data):
    """A channel computed from others of the same frame; ``difference`` and ``ratio`` begin with the first one."""

    op: Literal["sum", "difference", "product", "ratio", "mean", "lowest", "highest"]
    of: Annotated[tuple[Key, ...], Field(min_length=2)]
    unit: str = ""
    decimals: Annotated[int, Field(ge=0, le=9)] = 3


class Channel(Data):
    """A channel that ``shared/quantities.py`` does not have: its unit and the decimals to show."""

    unit: str = ""
    decimals: Annotated[int, Field(ge=0, le=9)] = 3
