"""The agent's memory: the supplies, the present shutdown, and the requests of people and alerts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from services.host_agent.core.phases import Phase
from services.host_agent.core.policies import Cause
from services.host_agent.core.supply import Supply


class Asked(BaseModel):
    """A requested shutdown; ``delay_s`` None is the usual delay."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    why: str
    delay_s: float | None = None


class Firing(BaseModel):
    """An alert that fires; ``since`` distinguishes one firing from the next."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    since: datetime
    message: str


class Memory(BaseModel):
    """The input of a decision besides rules and time. ``…_s`` are times of the monotonic clock, or seconds."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    boot: str
    supplies: dict[str, Supply] = {}
    phase: Phase = Phase.WATCHING
    phase_since_s: float = 0.0
    cause: Cause | None = None
    why: str = ""
    alert: str | None = None  # the one that is the cause
    episode: str | None = None  # the id of the shutdown under way
    delay_s: float | None = None
    counted_s: float = 0.0  # of the countdown, before it was held
    asked: Asked | None = None
    ordered: str | None = Field(
        None, validation_alias=AliasChoices("ordered", "told")
    )  # why, by the primary; once `told`
    alerts: dict[str, Firing] = {}
    alerts_done: dict[str, datetime] = {}  # handled firings: acted on, or old when they first arrived
    called_off_until_s: float | None = None
    called_off_by: str | None = None
    hooks_ended: bool = False
    waiting_for: tuple[str, ...] = ()  # secondaries that have yet to go down
    alone_since_s: float | None = None  # from when on no secondary is waited for
    cut_settled: bool = False
    episode_simulated: bool = False  # it began on simulated or recorded readings, so it is dry to its end
    command: Literal["done", "failed"] | None = None

    def with_(self, **changes: object) -> Memory:
        """Return a copy with fields changed."""
        return self.model_copy(update=changes)


def recall(text: bytes | None, boot: str) -> Memory:
    """Return the memory stored as ``text`` if it is of this boot.

    Of another boot only the handled firings are kept: the monotonic clock began anew, and the states of the supplies
    are out of date.
    """
    kept = _read(text)
    if kept is None:
        return Memory(boot=boot)
    return kept if kept.boot == boot else Memory(boot=boot, alerts_done=kept.alerts_done)


def _read(text: bytes | None) -> Memory | None:
    if text is None:
        return None
    try:
        return Memory.model_validate_json(text)
    except ValidationError:
        return None
