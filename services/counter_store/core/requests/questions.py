"""The requests on ``request/counter_store/{name}``: a model for each, every field with its bounds.

``as_of`` is the event time at which the span of an answer ends; without it, the store's present event time.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from services.counter_store.core.history.cursor import read_cursor
from services.counter_store.core.reports.report import ReportType
from shared.messages import AnyCaseSeverity, Name, Severity, Time

TYPES = 1_000  # as many as an answer can hold, and as an import may bring

Days = Annotated[int, Field(ge=1, le=36_600)]
Types = Annotated[tuple[Name, ...], Field(max_length=TYPES), AfterValidator(lambda names: tuple(dict.fromkeys(names)))]


def _cursor(text: str) -> str:
    read_cursor(text)
    return text


class Question(BaseModel):
    """Base: an unknown field is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class AsOf(Question):
    """A question about a span of time."""

    as_of: Time | None = None


class CountersQuestion(Question):
    """Every counter as it is now, or those of some types."""

    types: Types | None = None


class StatisticsQuestion(AsOf):
    """``days`` is ``trend_analysis_days`` unless given; without ``types``, every type that was ever counted."""

    types: Types | None = None
    days: Days | None = None


class HealthQuestion(AsOf):
    """The health at a time."""


class HistoryQuestion(Question):
    """Events; conditions that are given must all be met. ``cursor`` is that of the page before."""

    types: Types | None = None
    category: Name | None = None
    severities: Annotated[tuple[AnyCaseSeverity, ...], Field(max_length=len(Severity))] | None = None
    device: Name | None = None
    zone: Name | None = None
    incident: str | None = None
    since: Time | None = None
    until: Time | None = None
    order: Literal["newest", "oldest"] = "newest"
    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str, AfterValidator(_cursor)] | None = None

    @model_validator(mode="after")
    def _in_order(self) -> HistoryQuestion:
        if self.since is not None and self.until is not None and self.since > self.until:
            raise ValueError(f"since {self.since.isoformat()} is after until {self.until.isoformat()}")
        return self


class RelatedQuestion(Question):
    """What happened around an event: on its device, in its zone or in its incident, nearest first."""

    id: str
    window_s: Annotated[float, Field(gt=0, le=86_400)] = 30.0
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class ReportQuestion(AsOf):
    """A report of ``kind`` over ``days``."""

    kind: ReportType = ReportType.SUMMARY
    days: Days = 30


class FrequencyQuestion(AsOf):
    """Events per hour; ``hours`` is how many of the newest hours are listed one by one."""

    types: Types | None = None
    days: Annotated[int, Field(ge=1, le=366)] = 7
    hours: Annotated[int, Field(ge=0, le=744)] = 24


class FailuresQuestion(AsOf):
    """Failure patterns; ``min_failures`` make one."""

    days: Days = 30
    min_failures: Annotated[int, Field(ge=1)] = 3


class AnomaliesQuestion(AsOf):
    """Unusual hours among the ``hours`` whole hours before ``as_of``."""

    types: Types | None = None
    hours: Annotated[int, Field(ge=1, le=168)] = 24


class InventoryQuestion(Question):
    """What there is to be exported."""


class PerformanceQuestion(Question):
    """The figures of the pipeline."""
