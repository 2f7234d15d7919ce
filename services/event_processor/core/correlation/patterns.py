"""Named patterns as data: the model of ``config/patterns.yaml``."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from services.event_processor.core.catalogue.type_filters import TypeFilter
from services.event_processor.core.schema import Data, Key, Seconds
from shared.messages import AnyCaseSeverity, Event, Severity

Scope = Literal["site", "zone", "device", "zone_or_device"]
SITE_KEY = "all"


class Clue(Data):
    """Events of these types whose data has these values; a text may hold ``*`` and ``?``."""

    types: TypeFilter
    where: dict[str, bool | int | float | str] = Field(default_factory=dict)

    def fits(self, data: dict[str, Any]) -> bool:
        """Whether an event's data has the values."""
        return all(_alike(wanted, data.get(name)) for name, wanted in self.where.items())


def _alike(wanted: bool | float | str, found: object) -> bool:
    if isinstance(wanted, str):
        return isinstance(found, str) and fnmatchcase(found, wanted)
    return found == wanted and isinstance(found, bool) == isinstance(wanted, bool)


class Pattern(Data):
    """An incident opens when ``count`` events of ``of`` (distinguished by ``distinct``) have come within ``within_s``.

    While it is open, ``of`` and ``joins`` belong to it. It ends with an event of ``ends``, or at its last event when
    ``quiet_s`` have passed without another. ``by`` says whose events belong together.
    """

    description: str
    severity: AnyCaseSeverity = Severity.WARNING
    by: Scope = "device"
    of: Annotated[tuple[TypeFilter | Clue, ...], Field(min_length=1)]
    joins: tuple[TypeFilter | Clue, ...] = ()
    ends: tuple[TypeFilter | Clue, ...] = ()
    count: Annotated[int, Field(ge=1, le=50)] = 1
    distinct: Literal["event", "type", "device"] = "event"
    within_s: Annotated[float, Field(ge=0, le=86_400)] = 0
    quiet_s: Annotated[float, Field(gt=0, le=2_592_000)]

    @model_validator(mode="after")
    def _time_for_more_than_one(self) -> Pattern:
        if self.count > 1 and not self.within_s:
            raise ValueError("count above 1 needs within_s: the span in which so many must come")
        return self

    def key(self, event: Event) -> str | None:
        """Return the key (device, zone …) of the event's incident; None where the event does not have it."""
        if self.by == "site":
            return SITE_KEY
        if self.by == "device":
            return event.device
        return event.zone or (event.device if self.by == "zone_or_device" else None)


class Related(Data):
    """Which earlier events an event names in ``correlated_events``: of the same device or zone, within ``window_s``."""

    window_s: Seconds = 30
    most: Annotated[int, Field(ge=0, le=50)] = 50
    except_for: tuple[TypeFilter, ...] = ("sensor/+",)


class PatternRules(Data):
    """``config/patterns.yaml``. ``lateness_s``: how far behind the newest an event may come and still count."""

    related: Related = Related()
    lateness_s: Seconds = 10
    incidents_kept: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    patterns: dict[Key, Pattern] = Field(default_factory=dict)
