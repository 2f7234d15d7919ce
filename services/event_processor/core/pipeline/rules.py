"""The pipeline as data: the model of ``config/pipeline.yaml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from services.event_processor.core.catalogue.type_filters import TypeFilter
from services.event_processor.core.schema import Data, Key
from shared.messages import AnyCaseSeverity, Name, Scalar, Severity

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class RateLimit(Data):
    """For each type and source (device or producer): ``burst`` events at once, then ``per_minute``."""

    types: TypeFilter
    per_minute: Positive
    burst: Count = 1


class Filters(Data):
    """Which events are dropped. Critical events pass every filter; as shipped everything passes."""

    at_least: AnyCaseSeverity = Severity.INFO
    only: tuple[TypeFilter, ...] = ()
    never: tuple[TypeFilter, ...] = ()
    zones: tuple[Name, ...] = ()
    rate_limits: tuple[RateLimit, ...] = ()
    rate_limit_sources: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000


class Enrichment(Data):
    """What is added to an event's metadata. ``node`` empty: this machine's name."""

    system_version: bool = True
    node: str | None = None
    processing_ms: bool = True
    zones: dict[Key, Annotated[dict[Key, Scalar], Field(max_length=12)]] = Field(default_factory=dict)


class Queue(Data):
    """The handlers' queue, on disk. Beyond ``most`` the oldest of the least severity go, critical ones never."""

    most: Count = 10_000
    unhealthy_at: Annotated[float, Field(gt=0, le=1)] = 0.8
    unhealthy_age_s: Positive = 300


class Handler(Data):
    """What every handler has. ``idempotent`` false: one attempt, never a second one, even if its outcome is unknown.

    ``longest_pause_s`` bounds the pauses between attempts, which double from ``first_pause_s``.
    """

    timeout_s: Annotated[float, Field(gt=0, le=300)] = 10
    attempts: Annotated[int, Field(ge=1, le=100)] = 8
    first_pause_s: Positive = 1
    longest_pause_s: Positive = 300
    idempotent: bool = True

    @property
    def tries(self) -> int:
        """How many attempts are allowed."""
        return self.attempts if self.idempotent else 1


class TriggerHandler(Data):
    """Publishes ``trigger/{name}``, committed with the event."""

    kind: Literal["trigger"]
    name: Name


class CommandHandler(Data):
    """Sends a command, committed with the event. An event older than ``only_within_s`` sends none."""

    kind: Literal["command"]
    target: Name
    name: Name
    data: dict[str, Any] = Field(default_factory=dict)
    only_within_s: Positive = 60
    expires_s: Positive = 60


class AnalyticsHandler(Data):
    """Counts the event by type and hour, for ``request/event_processor/analytics``."""

    kind: Literal["analytics"]


class Webhook(Handler):
    """POSTs the event as JSON (a CloudEvent, binary mode). Its address must begin with one of ``webhooks_allowed``."""

    kind: Literal["webhook"]
    url: str
    token_file: str | None = None


class Plugin(Handler):
    """Calls a Python entry point of the group ``upskeep.handlers`` with the event and ``options``."""

    kind: Literal["plugin"]
    entry_point: str
    options: dict[str, Any] = Field(default_factory=dict)


AtOnce = TriggerHandler | CommandHandler | AnalyticsHandler
Remote = Webhook | Plugin
AnyHandler = Annotated[AtOnce | Remote, Field(discriminator="kind")]


class EventRoute(Data):
    """Which events go to which handlers, in this order."""

    types: tuple[TypeFilter, ...]
    at_least: AnyCaseSeverity = Severity.INFO
    devices: tuple[Name, ...] = ()
    zones: tuple[Name, ...] = ()
    handlers: Annotated[tuple[str, ...], Field(min_length=1)]


class Monitoring(Data):
    """What event_processor reports of the suite itself."""

    started: bool = True
    health_every_s: Annotated[float, Field(ge=0)] = 1800
    presence: bool = True
    presence_dwell_s: Annotated[float, Field(ge=0)] = 15


class PipelineRules(Data):
    """``config/pipeline.yaml``."""

    filters: Filters = Filters()
    enrichment: Enrichment = Enrichment()
    queue: Queue = Queue()
    webhooks_allowed: tuple[str, ...] = ()
    handlers: dict[Key, AnyHandler] = Field(default_factory=dict)
    routes: tuple[EventRoute, ...] = ()
    longest_chain: Annotated[int, Field(ge=1, le=64)] = 8
    triggers_within_s: Positive = 3600
    monitoring: Monitoring = Monitoring()

    @model_validator(mode="after")
    def _limits_are_distinct(self) -> PipelineRules:
        given = [limit.types for limit in self.filters.rate_limits]
        if len(set(given)) < len(given):
            raise ValueError("filters.rate_limits: one filter is given twice; keep one")
        return self
