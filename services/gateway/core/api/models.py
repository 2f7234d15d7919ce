"""What the API takes and gives, beside the suite's own messages. Every list is a page: ``items`` and the ``next``."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from shared.incidents import Incident
from shared.maintenance import Maintenance
from shared.messages import Alert, Counter, DeviceState, Event, Name, Severity, Status, Time

T = TypeVar("T")
Line = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]+$")]
Signature = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ApiData(BaseModel):
    """Base: it is built when somebody first asks (ADR 0038)."""

    model_config = ConfigDict(defer_build=True)


class Query(ApiData):
    """Base: an unknown key is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Page(ApiData, Generic[T]):
    """One page of a list. ``next`` is the ``cursor`` of the next page, null on the last."""

    items: list[T]
    next: str | None = None


class PageQuery(Query):
    """``limit`` items after ``cursor``, the ``next`` of the page before."""

    limit: Annotated[int, Field(ge=1, le=500)] = 100
    cursor: Annotated[str, Field(max_length=300)] | None = None


class ExportQuery(Query):
    """Events that meet all conditions, all of them, the oldest first; lists are given by repeating the key."""

    types: Annotated[list[Name], Field(max_length=50)] = []
    severities: Annotated[list[Severity], Field(max_length=4)] = []
    category: Name | None = None
    device: Name | None = None
    zone: Name | None = None
    since: Time | None = None
    until: Time | None = None


class EventsQuery(ExportQuery, PageQuery):
    """Events that meet all conditions, a page of them, the newest first unless ``order`` says otherwise."""

    order: Literal["newest", "oldest"] = "newest"


class StatisticsQuery(Query):
    """Of some types, or of all, over so many days."""

    types: Annotated[list[Name], Field(max_length=50)] = []
    days: Annotated[int, Field(ge=1, le=36_600)] | None = None


class DeviceView(ApiData):
    """A device's state. ``age_s``: how long ago it arrived; ``stale``: too long ago to be the present state."""

    state: DeviceState
    age_s: float
    stale: bool


class SilencesQuery(Query):
    """With ``expired`` also those that are over and still kept."""

    expired: bool = False


class SilenceView(ApiData):
    """A silence of the alerter's, as it is shown."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    id: Name
    matchers: tuple[str, ...]
    starts: Time
    ends: Time
    by: str
    comment: str


class Acknowledgement(Query):
    """Somebody has seen an alert. ``by`` signs it."""

    by: Signature = "api"
    comment: Line | None = None


class NewSilence(Query):
    """No notifications for alerts that match all ``matchers`` (``type=AC_POWER_LOSS``), for ``for_s`` seconds."""

    matchers: Annotated[list[Line], Field(min_length=1, max_length=32)]
    for_s: Annotated[float, Field(gt=0, le=366 * 86_400)]
    comment: Line
    by: Signature = "api"


class Signed(Query):
    """Who wants it."""

    by: Signature = "api"


class Done(ApiData):
    """The result of a command, in the service's own words."""

    data: dict[str, Any]


class Answer(ApiData):
    """A service's answer as it stands."""

    data: dict[str, Any]


class Overview(ApiData):
    """One glance: the broker, the devices, what fires, what is open, the score."""

    site: str
    connected: bool
    devices: list[DeviceView]
    alerts: list[Alert]
    incidents: list[Incident]
    health: int | None


Devices = Page[DeviceView]
Events = Page[Event]
Alerts = Page[Alert]
Counters = Page[Counter]
Incidents = Page[Incident]
Maintenances = Page[Maintenance]
Services = Page[Status]
